#include "webtransport/http3_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "webtransport/http3_frame.h"

namespace parley {
namespace {

constexpr Http3Refusal malformed(std::string_view sentence) {
  return {.status = 400, .word = "malformed", .sentence = sentence};
}

bool is_token_character(char c) {
  const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// Capital letters are no part of a name in HTTP/3 (RFC 9114 §4.2).
bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, is_token_character);
}

bool is_value(std::string_view value) {
  return value.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos;
}

// Fields of one hop, which HTTP/3 does without (RFC 9114 §4.2).
bool is_connection_specific(const Http3Field& field) {
  constexpr std::array<std::string_view, 5> names = {"connection", "keep-alive", "proxy-connection",
                                                     "transfer-encoding", "upgrade"};
  if (field.first == "te") return field.second != "trailers";
  return std::ranges::find(names, field.first) != names.end();
}

// A request while its pseudo-header fields are collected.
struct Draft {
  Http3Request request;
  std::string scheme;
  std::vector<std::string_view> seen;

  std::string* place_of(std::string_view name) {
    if (name == ":method") return &request.method;
    if (name == ":scheme") return &scheme;
    if (name == ":authority") return &request.authority;
    if (name == ":path") return &request.path;
    if (name == ":protocol") return &request.protocol;
    return nullptr;
  }
};

// What is wrong with a field, or nothing.
std::string_view add_pseudo_field(Draft& draft, Http3Field& field) {
  if (!draft.request.fields.empty()) return "a pseudo-header field comes too late";
  std::string* place = draft.place_of(field.first);
  if (place == nullptr) return "a pseudo-header field is unknown";
  if (field.second.empty()) return "a pseudo-header field is empty";
  if (!place->empty()) return "a pseudo-header field comes twice";
  *place = std::move(field.second);
  return {};
}

std::string_view add_field(Draft& draft, Http3Field& field) {
  if (!is_value(field.second)) return "a field has an illegal value";
  if (field.first.starts_with(':')) return add_pseudo_field(draft, field);
  if (!is_name(field.first)) return "a field has an illegal name";
  if (is_connection_specific(field)) return "a field is about a connection of HTTP/1.1";
  draft.request.fields.push_back(std::move(field));
  return {};
}

// What every request must have (RFC 9114 §4.3.1; extended CONNECT: RFC 8441 §4).
std::string_view missing_in(const Draft& draft) {
  const Http3Request& request = draft.request;
  if (request.method.empty()) return "the method is missing";
  const bool is_connect = request.method == "CONNECT";
  if (is_connect && request.protocol.empty()) return "a CONNECT is for WebTransport only";
  if (!is_connect && !request.protocol.empty()) return "only a CONNECT has a protocol";
  if (draft.scheme != "https") return "the scheme is not https";
  if (request.authority.empty()) return "the authority is missing";
  if (!request.path.starts_with('/')) return "the path is missing";
  return {};
}

std::vector<std::uint8_t> headers_frame(std::span<const Http3Field> fields) {
  const std::vector<std::uint8_t> section = encode_fields(fields);
  std::vector<std::uint8_t> frame;
  append_frame_header(frame, http3_frame::headers, section.size());
  frame.insert(frame.end(), section.begin(), section.end());
  return frame;
}

}  // namespace

const std::string* find_field(const Http3Request& request, std::string_view name) {
  const auto place = std::ranges::find(request.fields, name, &Http3Field::first);
  return place == request.fields.end() ? nullptr : &place->second;
}

Result<Http3Request, Http3Refusal> read_request(std::vector<Http3Field> fields) {
  Draft draft;
  for (Http3Field& field : fields) {
    const std::string_view fault = add_field(draft, field);
    if (!fault.empty()) return tl::unexpected(malformed(fault));
  }
  Http3Request& request = draft.request;
  if (request.authority.empty())
    if (const std::string* host = find_field(request, "host")) request.authority = *host;
  const std::string_view fault = missing_in(draft);
  if (!fault.empty()) return tl::unexpected(malformed(fault));

  if (request.method == "CONNECT") {
    // The second is the name of drafts since 15.
    if (request.protocol != "webtransport" && request.protocol != "webtransport-h3")
      return tl::unexpected(Http3Refusal{501, "protocol", "this protocol is not spoken here"});
  } else if (request.method != "GET" && request.method != "HEAD") {
    return tl::unexpected(Http3Refusal{405, "method", "only GET, HEAD and CONNECT are answered"});
  }
  return std::move(request);
}

std::vector<std::uint8_t> response_frames(const Http3Response& response, bool with_body) {
  std::vector<Http3Field> fields = {{":status", std::to_string(response.status)}};
  if (!response.body.empty()) fields.emplace_back("content-type", response.content_type);
  if (response.status == 405) fields.emplace_back("allow", "GET, HEAD, CONNECT");
  fields.emplace_back("content-length", std::to_string(response.body.size()));

  std::vector<std::uint8_t> frames = headers_frame(fields);
  if (!with_body || response.body.empty()) return frames;
  append_frame_header(frames, http3_frame::data, response.body.size());
  const Bytes body = as_bytes(response.body);
  frames.insert(frames.end(), body.begin(), body.end());
  return frames;
}

std::vector<std::uint8_t> accepting_frame(const Http3Request& request) {
  std::vector<Http3Field> fields = {{":status", "200"}};
  if (find_field(request, "sec-webtransport-http3-draft02") != nullptr)
    fields.emplace_back("sec-webtransport-http3-draft", "draft02");
  return headers_frame(fields);
}

}  // namespace parley
