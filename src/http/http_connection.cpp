#include "http/http_connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <utility>

#include "http/http_handler.h"
#include "http/http_upgrade.h"
#include "http/response_head.h"

namespace parley {
namespace {

// How much input is thrown away in one turn; the rest waits for the next.
constexpr int discards_per_turn = 8;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

HttpConnection::HttpConnection(HttpConnections& owner, boost::asio::ip::tcp::socket socket,
                               AcceptedSocket accepted)
    : owner_(owner),
      socket_(std::move(socket)),
      remote_address_(std::move(accepted.remote_address)),
      ticket_(std::move(accepted.ticket)),
      alarm_(owner.shard_, *this) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::start() {
  alarm_.set(owner_.shard_.now().monotonic + owner_.rules_.header_timeout);
  wait_readable();
}

void HttpConnection::refuse(int status, std::string_view body, std::string_view reason) {
  owner_.handler_.on_refused(reason);
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
  boost::system::error_code ignored;
  socket_.close(ignored);
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
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_read,
                     [weak = weak_from_this()](const boost::system::error_code& error) {
                       const auto self = weak.lock();
                       if (!self || error == boost::asio::error::operation_aborted) return;
                       self->wait_pending_ = false;
                       self->on_readable();
                     });
}

void HttpConnection::wait_writable() {
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                     [weak = weak_from_this()](const boost::system::error_code& error) {
                       const auto self = weak.lock();
                       if (self && error != boost::asio::error::operation_aborted)
                         self->on_writable();
                     });
}

void HttpConnection::on_readable() {
  if (state_ == State::discarding) return discard();
  // Refused or drained meanwhile: the answer is on its way and decides what is read next.
  if (state_ == State::writing || state_ == State::ended) return;

  const MutableBytes space = owner_.shard_.read_space();
  const std::size_t room = owner_.rules_.header_bytes_max - received_.size();
  const ssize_t count =
      ::recv(socket_.native_handle(), space.data(), std::min(room, space.size()), MSG_DONTWAIT);
  if (count < 0 && would_block(errno)) return wait_readable();
  if (count <= 0) return end();
  if (state_ == State::idle) {
    state_ = State::awaiting_rest;
    alarm_.set(owner_.shard_.now().monotonic + owner_.rules_.header_timeout);
  }
  received_.append(reinterpret_cast<const char*>(space.data()), static_cast<std::size_t>(count));
  serve_received();
}

void HttpConnection::on_writable() {
  if (state_ != State::writing) return;
  if (send_some()) {
    after_answer();
    if (state_ != State::discarding && state_ != State::ended) serve_received();
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
  Upgrade upgrade(socket_, ticket_,
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
  while (sent_ < head_out_.size() + body_out_.size()) {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    const auto add = [&](const void* data, std::size_t size, std::size_t skip) {
      if (skip < size)
        parts[count++] = {const_cast<char*>(static_cast<const char*>(data)) + skip, size - skip};
    };
    add(head_out_.data(), head_out_.size(), std::min(sent_, head_out_.size()));
    add(body_out_.bytes().data(), body_out_.size(),
        sent_ > head_out_.size() ? sent_ - head_out_.size() : 0);
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && would_block(errno)) {
      wait_writable();
      return false;
    }
    if (sent < 0) {
      end();
      return false;
    }
    sent_ += static_cast<std::size_t>(sent);
    // A reader that takes a little at a time still takes.
    alarm_.set(owner_.shard_.now().monotonic + owner_.rules_.idle_timeout);
  }
  return true;
}

void HttpConnection::after_answer() {
  head_out_ = {};
  body_out_ = {};
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

void HttpConnection::begin_discarding() {
  ::shutdown(socket_.native_handle(), SHUT_WR);
  received_ = {};
  state_ = State::discarding;
  alarm_.set(owner_.shard_.now().monotonic + owner_.rules_.linger);
  discard();
}

void HttpConnection::discard() {
  const MutableBytes space = owner_.shard_.read_space();
  for (int i = 0; i < discards_per_turn; ++i) {
    const ssize_t count = ::recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
    if (count > 0) continue;
    if (count < 0 && would_block(errno)) break;
    return end();
  }
  wait_readable();
}

}  // namespace parley
