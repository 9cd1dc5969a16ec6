#include "wire/diagnostics_subject.h"

#include <algorithm>

namespace parley {
namespace {

constexpr std::size_t token_bytes_max = 128;

bool means_something(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte == 0x7f || c == '.' || c == '*' || c == '>';
}

std::string below(std::string_view root, const ServerPlace& place) {
  std::string subject(root);
  for (const std::string* part : {&place.region, &place.service_type, &place.instance})
    subject.append(".").append(subject_token(*part));
  return subject;
}

}  // namespace

std::string subject_token(std::string_view text) {
  std::string token(text.substr(0, token_bytes_max));
  std::ranges::replace_if(token, means_something, '_');
  return token.empty() ? "_" : token;
}

std::string health_subject(const ServerPlace& place) { return below("health.diagnostics", place); }

std::string connection_subject(const ServerPlace& place) {
  return below("server.connections", place);
}

}  // namespace parley
