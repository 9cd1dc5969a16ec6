#include "http/http_connection.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <span>
#include <utility>

#include "http/http_handler.h"
#include "http/http_upgrade.h"
#include "http/response_head.h"

namespace parley {
namespace {

// How much input is thrown away in one turn; the rest waits for the next.
constexpr int discards_per_turn = 8;

}  // namespace

HttpConnection::HttpConnection(HttpConnections& owner, TcpStream stream, AcceptedSocket accepted)
    : owner_(owner),
      stream_(std::move(stream)),
      remote_address_(std::move(accepted.remote_address)),
      ticket_(std::move(accepted.ticket)),
      alarm_(owner.shard_, *this) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::start() {
  alarm_.set(owner_.shard_.now().monotonic + owner_.rules_.header_timeout);
  wait_readable();
}

void HttpConnection::turn_away(std::string_view reason) {
  owner_.handler_.on_refused(reason);
  turned_away_ = true;
  if (!stream_.can_write()) return start();
  answer_last(503, "too many connections");
}

void HttpConnection::refuse(int status, std::string_view body, std::string_view reason) {
  owner_.handler_.on_refused(reason);
  answer_last(status, body);
}

void HttpConnection::answer_last(int status, std::string_view body) {
  HttpResponse response = HttpResponse::text(status, body);
  response.close = true;
  answer(std::move(response), nullptr);
}

void HttpConnection::drain() {
  answer_once();
  const bool nothing_asked =
      state_ == State::idle || (state_ == State::awaiting_first && received_.empty());
  if (nothing_asked) begin_discarding();
}

void HttpConnection::abandon() {
  if (state_ == State::ended) return;
  state_ = State::ended;
  alarm_.cancel();
  stream_.close();
  ticket_.reset();
}

void HttpConnection::end() {
  abandon();
  owner_.remove(*this);
}

void HttpConnection::on_deadline(Now) {
  const auto self = shared_from_this();
  switch (state_) {
    case State::awaiting_first:
    case State::awaiting_rest:
      if (!stream_.can_write()) return refuse_handshake();
      refuse(408, "the request did not come in time", "request_too_late");
      break;
    case State::idle:
      begin_discarding();
      break;
    case State::writing:
    case State::discarding:
    case State::ended:
      end();
      break;
  }
}

// The handlers hold no reference: a connection that is gone has nothing to hear.

void HttpConnection::wait_readable() {
  if (std::exchange(wait_pending_, true)) return;
  stream_.wait_readable([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error == boost::asio::error::operation_aborted) return;
    self->wait_pending_ = false;
    self->on_readable();
  });
}

void HttpConnection::wait_writable() {
  stream_.wait_writable([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && error != boost::asio::error::operation_aborted) self->on_writable();
  });
}

void HttpConnection::on_readable() {
  if (state_ == State::discarding) return discard();
  // Refused or drained meanwhile: the answer is on its way and decides what is read next.
  if (state_ == State::writing || state_ == State::ended) return;

  const MutableBytes space = owner_.shard_.read_space();
  const std::size_t room = owner_.rules_.header_bytes_max - received_.size();
  const Received received = stream_.read(space.first(std::min(room, space.size())));
  switch (received.state) {
    case Received::State::data:
    case Received::State::nothing:
      break;
    case Received::State::ended:
      return end();
    case Received::State::handshake_failed:
      return refuse_handshake();
    case Received::State::plain_http:
      stream_.go_plain();
      return refuse(400, "This port speaks https", "plain_http");
  }
  if (turned_away_ && stream_.can_write()) return answer_last(503, "too many connections");
  if (received.state == Received::State::nothing) return wait_readable();
  if (state_ == State::idle) {
    state_ = State::awaiting_rest;
    alarm_.set(owner_.shard_.now().monotonic + owner_.rules_.header_timeout);
  }
  received_.append(as_text(space.first(received.bytes)));
  serve_received();
}

void HttpConnection::on_writable() {
  if (state_ != State::writing) return;
  if (send_some()) {
    after_answer();
    if (state_ == State::idle || state_ == State::awaiting_rest) serve_received();
  }
}

void HttpConnection::serve_received() {
  while (!received_.empty()) {
    switch (scanner_.scan(received_)) {
      case HeadScanner::State::garbage:
        return refuse(400, "this is no HTTP request", "bad_request");
      case HeadScanner::State::incomplete:
        if (received_.size() >= owner_.rules_.header_bytes_max)
          return refuse(431, "the head of the request is too long", "headers_too_large");
        return wait_readable();
      case HeadScanner::State::complete:
        serve(std::string_view(received_).substr(0, scanner_.size()));
        if (state_ == State::writing || state_ == State::discarding || state_ == State::ended)
          return;
    }
  }
  wait_readable();
}

void HttpConnection::serve(std::string_view head) {
  const std::size_t head_bytes = head.size();
  auto read = read_request_head(head);
  if (!read) return refuse(read.error().status, read.error().body, read.error().reason);
  HttpRequest& request = *read;
  request.remote_address = remote_address_;

  if (owner_.rules_.cors && is_preflight(request))
    return answer(preflight_answer(request), &request);
  const bool wants_upgrade = request.method == "GET" && !request.header("Upgrade").empty();
  if (wants_upgrade && offer_upgrade(request, head_bytes)) return;
  answer(owner_.handler_.handle(request), &request);
}

bool HttpConnection::offer_upgrade(const HttpRequest& request, std::size_t head_bytes) {
  alarm_.cancel();
  Upgrade upgrade(stream_, ticket_,
                  {received_.begin() + static_cast<std::ptrdiff_t>(head_bytes), received_.end()});
  auto response = owner_.handler_.upgrade(request, upgrade);
  if (upgrade.taken()) {
    end();
    return true;
  }
  if (!response) return false;
  answer(std::move(*response), &request);
  return true;
}

void HttpConnection::answer(HttpResponse response, const HttpRequest* request) {
  ResponseFrame frame;
  if (request != nullptr) {
    frame.head_only = request->method == "HEAD";
    frame.is_http_1_1 = request->is_http_1_1;
    close_after_answer_ |= !request->keep_alive;
    if (owner_.rules_.cors) allow_origin(*request, response);
  }
  close_after_answer_ |= response.close;
  frame.close = close_after_answer_;
  frame.date = owner_.date_.at(owner_.shard_.now().unix);

  head_out_ = response_head(response, frame);
  const bool bodiless = frame.head_only || response.status == 304 || response.status == 204;
  body_out_ = bodiless ? Buffer{} : std::move(response.body);
  sent_ = 0;
  // What belongs to the request just answered is used up.
  if (request != nullptr) {
    received_.erase(0, scanner_.size());
    scanner_ = {};
  }
  state_ = State::writing;
  alarm_.set(owner_.shard_.now().monotonic + owner_.rules_.idle_timeout);
  if (send_some()) after_answer();
}

bool HttpConnection::send_some() {
  do {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    const auto add = [&](const void* data, std::size_t size, std::size_t skip) {
      if (skip < size)
        parts[count++] = {const_cast<char*>(static_cast<const char*>(data)) + skip, size - skip};
    };
    add(head_out_.data(), head_out_.size(), std::min(sent_, head_out_.size()));
    add(body_out_.bytes().data(), body_out_.size(),
        sent_ > head_out_.size() ? sent_ - head_out_.size() : 0);
    const Written written = stream_.write(std::span(parts).first(count));
    if (written.state == Written::State::failed) {
      end();
      return false;
    }
    sent_ += written.taken;
    // A reader that takes a little at a time still takes.
    if (written.sent > 0) alarm_.set(owner_.shard_.now().monotonic + owner_.rules_.idle_timeout);
    if (written.state == Written::State::blocked) {
      wait_writable();
      return false;
    }
  } while (sent_ < head_out_.size() + body_out_.size());
  return true;
}

void HttpConnection::after_answer() {
  head_out_ = {};
  body_out_ = {};
  sent_ = 0;
  if (close_after_answer_) return begin_discarding();
  const Now now = owner_.shard_.now();
  if (received_.empty()) {
    received_.shrink_to_fit();
    state_ = State::idle;
    alarm_.set(now.monotonic + owner_.rules_.idle_timeout);
  } else {
    state_ = State::awaiting_rest;
    alarm_.set(now.monotonic + owner_.rules_.header_timeout);
  }
}

void HttpConnection::refuse_handshake() {
  if (!turned_away_) owner_.handler_.on_refused("tls_handshake");
  begin_discarding();
}

void HttpConnection::begin_discarding() {
  received_ = {};
  close_after_answer_ = true;
  alarm_.set(owner_.shard_.now().monotonic + owner_.rules_.linger);
  if (!stream_.finish()) {
    // The end waits for the kernel like an answer, and after_answer() comes back here.
    state_ = State::writing;
    return wait_writable();
  }
  state_ = State::discarding;
  discard();
}

void HttpConnection::discard() {
  const MutableBytes space = owner_.shard_.discard_space();
  for (int i = 0; i < discards_per_turn; ++i) {
    const Received received = stream_.discard(space);
    if (received.state == Received::State::nothing) break;
    if (received.state != Received::State::data) return end();
  }
  wait_readable();
}

}  // namespace parley
