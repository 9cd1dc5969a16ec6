#include "http/request_head.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <optional>
#include <utility>

namespace parley {
namespace {

namespace http = boost::beast::http;

// The longest method of RFC 9110 and its kin is "UNSUBSCRIBE"; "PRI" and friends are shorter.
constexpr std::size_t method_bytes_max = 24;

bool is_token_character(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         marks.find(c) != std::string_view::npos;
}

tl::unexpected<HttpRefusal> bad_request(std::string_view sentence) {
  return tl::unexpected(HttpRefusal{400, sentence, "bad_request"});
}

/// Path and query of a target that names the server too (RFC 9112 §3.2.2); nothing when it names
/// none. Any other target is what it is.
std::optional<std::string> origin_form(std::string_view target) {
  constexpr std::array<std::string_view, 2> schemes{"http://", "https://"};
  const auto* const scheme = std::ranges::find_if(schemes, [&](std::string_view one) {
    return equals_ignoring_case(target.substr(0, one.size()), one);
  });
  if (scheme == schemes.end()) return std::string(target);
  target.remove_prefix(scheme->size());
  const std::size_t authority = std::min(target.find_first_of("/?"), target.size());
  if (authority == 0) return std::nullopt;
  target.remove_prefix(authority);
  return (target.starts_with('/') ? "" : "/") + std::string(target);
}

HttpRequest copy_of(const http::request<http::empty_body>& message, std::string target,
                    bool keep_alive) {
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::move(target);
  request.keep_alive = keep_alive;
  request.is_http_1_1 = message.version() == 11;
  for (const auto& field : message)
    request.fields.push_back({std::string(field.name_string()), std::string(field.value())});
  return request;
}

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view received) {
  for (; seen_ < received.size(); ++seen_) {
    const char c = received[seen_];
    if (in_method_) {
      if (c == ' ' && seen_ > 0)
        in_method_ = false;
      else if (!is_token_character(c) || seen_ == method_bytes_max)
        return State::garbage;
      continue;
    }
    if (c == '\n') {
      if (received[seen_ - 1] != '\r') return State::garbage;
      const bool empty_line = seen_ - line_start_ == 1;
      line_start_ = seen_ + 1;
      if (empty_line) {
        ++seen_;
        return State::complete;
      }
    } else if (received[seen_ - 1] == '\r') {
      return State::garbage;
    } else if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r') {
      return State::garbage;
    }
  }
  return State::incomplete;
}

Result<HttpRequest, HttpRefusal> read_request_head(std::string_view head) {
  http::request_parser<http::empty_body> parser;
  // The caller has bounded the head already, and bodies are looked at below.
  parser.header_limit(static_cast<std::uint32_t>(head.size() + 1));
  parser.body_limit(boost::none);
  boost::beast::error_code error;
  const auto used = parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error == http::error::bad_version)
    return bad_request("only HTTP/1.0 and HTTP/1.1 are spoken");
  if (error || used != head.size() || !parser.is_header_done())
    return bad_request("this is no HTTP request");

  const auto& message = parser.get();
  const auto hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() == 11))
    return bad_request("exactly one Host header is required");
  if (parser.chunked() || parser.content_length_remaining().value_or(0) > 0 ||
      message.count(http::field::transfer_encoding) > 0)
    return tl::unexpected(HttpRefusal{413, "requests have no body here", "body"});
  auto target = origin_form(message.target());
  if (!target) return bad_request("the target names no host");
  return copy_of(message, std::move(*target), parser.keep_alive());
}

}  // namespace parley
