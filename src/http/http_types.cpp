#include "http/http_types.h"

#include <algorithm>

namespace parley {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool list_has(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    if (equals_ignoring_case(trim(list.substr(0, end)), token)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

HttpResponse response(int status, std::string_view type, std::string_view body) {
  HttpResponse made;
  made.status = status;
  made.content_type = type;
  made.body = Buffer::copy_of(as_bytes(body));
  return made;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view HttpRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& field : fields)
    if (equals_ignoring_case(field.name, name)) return field.value;
  return {};
}

std::string HttpRequest::header_list(std::string_view name) const {
  std::string list;
  bool first = true;
  for (const auto& field : fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (!first) list += ", ";
    first = false;
    list += field.value;
  }
  return list;
}

bool HttpRequest::header_has(std::string_view name, std::string_view token) const {
  return std::any_of(fields.begin(), fields.end(), [&](const HttpField& field) {
    return equals_ignoring_case(field.name, name) && list_has(field.value, token);
  });
}

bool HttpRequest::is_read() const { return method == "GET" || method == "HEAD"; }

bool HttpRequest::wants_websocket() const {
  return header_has("Connection", "upgrade") && header_has("Upgrade", "websocket");
}

HttpResponse HttpResponse::text(int status, std::string_view body) {
  return response(status, "text/plain; charset=utf-8", body);
}

HttpResponse HttpResponse::json(int status, std::string_view body) {
  return response(status, "application/json", body);
}

HttpResponse HttpResponse::method_not_allowed(std::string_view allowed) {
  HttpResponse made = text(405, "Method not allowed");
  made.fields.push_back({"Allow", std::string(allowed)});
  return made;
}

std::string_view http_reason(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

}  // namespace parley
