#include "bench/upgrade.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace parley::bench {
namespace {

// The nonce of the RFC's example and its answer: the nonce only proves that the other end speaks
// WebSocket at all, and a fixed one spares the tool a SHA-1.
constexpr std::string_view nonce = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accept_of_nonce = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

constexpr std::string_view header_end = "\r\n\r\n";
constexpr std::size_t header_bytes_max = 16 * 1024;
constexpr std::size_t reason_bytes_max = 300;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// The value of the header line `name`, without surrounding blanks.
std::optional<std::string_view> header_value(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && equal_ignoring_case(line.substr(0, colon), name)) {
      std::string_view value = line.substr(colon + 1);
      while (value.starts_with(' ')) value.remove_prefix(1);
      while (value.ends_with(' ')) value.remove_suffix(1);
      return value;
    }
    head.remove_prefix(std::min(end + 2, head.size()));
  }
  return {};
}

UpgradeAnswer refuse(std::string_view status_line, std::string_view body) {
  std::string reason(status_line.starts_with("HTTP/1.1 ") ? status_line.substr(9) : status_line);
  if (!body.empty()) reason += fmt::format(": {}", body);
  for (char& c : reason)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  if (reason.size() > reason_bytes_max) reason.resize(reason_bytes_max);
  return {UpgradeState::refused, 0, reason};
}

bool body_is_complete(std::string_view head, std::string_view body) {
  const auto length_text = header_value(head, "Content-Length");
  if (!length_text) return false;
  std::size_t length = 0;
  std::from_chars(length_text->data(), length_text->data() + length_text->size(), length);
  return body.size() >= length;
}

}  // namespace

std::string upgrade_request(const Endpoint& endpoint, std::string_view path) {
  return fmt::format(
      "GET {} HTTP/1.1\r\n"
      "Host: {}\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: {}\r\n"
      "User-Agent: parley-bench\r\n\r\n",
      path, endpoint.authority(), nonce);
}

UpgradeAnswer read_upgrade_answer(std::string_view response, bool is_all) {
  const std::size_t end = response.find(header_end);
  if (end == std::string_view::npos) {
    if (response.size() > header_bytes_max) return refuse("the answer is not HTTP", "");
    if (!is_all) return {};
    return refuse(response.empty() ? "closed without an answer" : "an unfinished answer", response);
  }
  const std::string_view head = response.substr(0, end + 2);
  const std::string_view body = response.substr(end + header_end.size());
  const std::string_view status_line = head.substr(0, head.find("\r\n"));
  if (!status_line.starts_with("HTTP/1.1 101")) {
    if (!is_all && !body_is_complete(head, body) && body.size() < header_bytes_max) return {};
    return refuse(status_line, body);
  }
  if (header_value(head, "Sec-WebSocket-Accept") != accept_of_nonce)
    return refuse(status_line, "but Sec-WebSocket-Accept is wrong");
  return {UpgradeState::accepted, end + header_end.size(), {}};
}

}  // namespace parley::bench
