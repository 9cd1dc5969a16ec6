#include "websocket/handshake.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

namespace parley {
namespace {

// Fixed by RFC 6455 §1.3: what a server that does not mean to answer cannot know.
constexpr std::string_view accept_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
// 16 bytes in base64: 22 digits and two signs of padding.
constexpr std::size_t key_digits = 22;

bool is_base64_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

// The two or four bits that the last digit has to spare are not looked at: some clients leave them.
bool is_key(std::string_view key) {
  return key.size() == key_digits + 2 && key.ends_with("==") &&
         std::all_of(key.begin(), key.begin() + key_digits, is_base64_digit);
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string accept_for(std::string_view key) {
  const std::string text = std::string(key) + std::string(accept_guid);
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  // 20 bytes are 28 characters, and EVP_EncodeBlock ends them with a zero.
  std::array<unsigned char, 29> encoded;
  const int size = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}

}  // namespace

Result<std::string, HttpResponse> check_handshake(const HttpRequest& request) {
  const auto refuse = [](HttpResponse answer) { return tl::unexpected(std::move(answer)); };
  if (request.method != "GET") {
    HttpResponse answer = HttpResponse::text(405, "A WebSocket begins with GET.");
    answer.fields.push_back({"Allow", "GET"});
    return refuse(std::move(answer));
  }
  if (!request.is_http_1_1) return refuse(HttpResponse::text(400, "A WebSocket needs HTTP/1.1."));
  if (!request.header_has("Upgrade", "websocket"))
    return refuse(HttpResponse::text(400, "The header Upgrade does not say websocket."));
  if (!request.header_has("Connection", "upgrade"))
    return refuse(HttpResponse::text(400, "The header Connection does not say Upgrade."));

  const std::string version = request.header_list("Sec-WebSocket-Version");
  if (!is_number(version))
    return refuse(HttpResponse::text(400, "The header Sec-WebSocket-Version is no number."));
  if (version != "13" && version != "8" && version != "7") {
    HttpResponse answer = HttpResponse::text(426, "WebSocket is spoken here in version 13.");
    answer.fields = {
        {"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"}};
    return refuse(std::move(answer));
  }

  const std::string key = request.header_list("Sec-WebSocket-Key");
  if (!is_key(key))
    return refuse(
        HttpResponse::text(400, "The header Sec-WebSocket-Key is not 16 bytes in base64."));
  return accept_for(key);
}

std::string handshake_answer(std::string_view accept) {
  std::string head =
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  head += accept;
  head += "\r\n\r\n";
  return head;
}

}  // namespace parley
