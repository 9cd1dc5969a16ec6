#include "http/response_head.h"

#include <algorithm>

namespace parley {
namespace {

// Headers are lines: what comes after a line break in a value must not become another header.
std::string_view one_line(std::string_view value) {
  return value.substr(0, value.find_first_of(std::string_view("\r\n\0", 3)));
}

void add_field(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  head += one_line(value);
  head += "\r\n";
}

}  // namespace

std::string response_head(const HttpResponse& response, const ResponseFrame& frame) {
  std::string head = frame.is_http_1_1 ? "HTTP/1.1 " : "HTTP/1.0 ";
  head += std::to_string(response.status);
  head += ' ';
  head += http_reason(response.status);
  head += "\r\n";
  if (!frame.date.empty()) add_field(head, "Date", frame.date);
  const bool bodiless = response.status == 304 || response.status == 204;
  if (!bodiless) {
    if (!response.content_type.empty()) add_field(head, "Content-Type", response.content_type);
    add_field(head, "Content-Length", std::to_string(response.body.size()));
  }
  for (const auto& field : response.fields) add_field(head, field.name, field.value);
  if (frame.close)
    add_field(head, "Connection", "close");
  else if (!frame.is_http_1_1)
    add_field(head, "Connection", "keep-alive");
  head += "\r\n";
  return head;
}

bool is_preflight(const HttpRequest& request) {
  return request.method == "OPTIONS" && !request.header("Origin").empty() &&
         !request.header("Access-Control-Request-Method").empty();
}

void allow_origin(const HttpRequest& request, HttpResponse& response) {
  const auto origin = request.header("Origin");
  if (origin.empty()) return;
  response.fields.push_back({"Access-Control-Allow-Origin", std::string(origin)});
  response.fields.push_back({"Access-Control-Allow-Credentials", "true"});
  response.fields.push_back({"Access-Control-Expose-Headers", "*"});
  response.fields.push_back({"Vary", "Origin"});
}

HttpResponse preflight_answer(const HttpRequest& request) {
  HttpResponse response = HttpResponse::text(200, "");
  response.fields.push_back({"Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"});
  const auto wanted = request.header_list("Access-Control-Request-Headers");
  if (!wanted.empty()) response.fields.push_back({"Access-Control-Allow-Headers", wanted});
  response.fields.push_back({"Access-Control-Max-Age", "3600"});
  return response;
}

}  // namespace parley
