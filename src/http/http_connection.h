#pragma once
// HttpConnection: one TCP connection that speaks HTTP/1.1, one request at a time.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "actor/shard.h"
#include "base/bytes.h"
#include "http/http_connections.h"
#include "http/http_types.h"
#include "http/request_head.h"
#include "http/tcp_stream.h"

namespace parley {

/// Owned by its HttpConnections, which it leaves when it ends. It reads a head, asks the handler,
/// writes the answer, and begins again; it never reads while it writes, so what a client pipelines
/// waits in the kernel.
class HttpConnection final : public Timed, public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(HttpConnections& owner, TcpStream stream, AcceptedSocket accepted);
  ~HttpConnection();

  /// Begins to read. Like all below it may end the connection, which is then gone from its owner.
  void start();
  /// Instead of start(): answers 503, whatever the client says, and ends. `reason` is a fixed
  /// label.
  void turn_away(std::string_view reason);
  [[nodiscard]] bool is_turned_away() const { return turned_away_; }
  /// The next answer is the last.
  void answer_once() { close_after_answer_ = true; }
  /// Ends when the request under way, if any, is answered.
  void drain();
  /// Ends now, without a word. Does not tell the owner.
  void abandon();

  void on_deadline(Now now) override;

 private:
  /// A client that never sends its first request is told so; one that sends no further one is not.
  enum class State : std::uint8_t {
    awaiting_first,  ///< nothing or part of the first head is here
    idle,            ///< between two requests
    awaiting_rest,   ///< part of a further head is here
    writing,
    discarding,  ///< the last answer is sent, our half is closed
    ended,
  };

  void wait_readable();
  void wait_writable();
  void on_readable();
  void on_writable();
  /// Answers heads that are complete until one needs more bytes or the socket does not take more.
  void serve_received();
  void serve(std::string_view head);
  /// Answers once, whatever the client says, and ends.
  void refuse(int status, std::string_view body, std::string_view reason);
  void answer_last(int status, std::string_view body);
  void refuse_handshake();
  /// True when somebody took the socket or the request was answered.
  bool offer_upgrade(const HttpRequest& request, std::size_t head_bytes);
  void answer(HttpResponse response, const HttpRequest* request);
  /// Sends what it can; true when all is sent.
  bool send_some();
  void after_answer();
  void begin_discarding();
  void discard();
  void end();

  HttpConnections& owner_;
  TcpStream stream_;
  std::string remote_address_;
  std::shared_ptr<void> ticket_;
  Shard::Alarm alarm_;
  State state_ = State::awaiting_first;
  bool close_after_answer_ = false;
  bool turned_away_ = false;
  bool wait_pending_ = false;
  std::string received_;
  HeadScanner scanner_;
  std::string head_out_;
  Buffer body_out_;
  std::size_t sent_ = 0;
};

}  // namespace parley
