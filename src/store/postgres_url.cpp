#include "store/postgres_url.h"

#include <libpq-fe.h>

#include <memory>

namespace parley {
namespace {

constexpr const char* unreadable =
    "The address of the database cannot be read: it is "
    "postgres://USER:PASSWORD@HOST:PORT/DATABASE, and what is special in a password is written "
    "with % (@ as %40, / as %2F, : as %3A, # as %23, ? as %3F, % as %25).";

/// Would a part of the password be read as host, port or parameter? Then there is an `@` where none
/// belongs: the one that ends the password.
bool has_stray_at(std::string_view url) {
  const std::string_view rest = url.substr(url.find("://") + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t first = authority.find('@');
  return first == std::string_view::npos ? rest.find('@') != std::string_view::npos
                                         : authority.find('@', first + 1) != std::string_view::npos;
}

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

std::string value_of(const PQconninfoOption* options, std::string_view keyword) {
  for (const auto* option = options; option->keyword != nullptr; ++option)
    if (keyword == option->keyword && option->val != nullptr) return option->val;
  return {};
}

}  // namespace

bool is_postgres_url(std::string_view url) {
  return url.starts_with("postgres://") || url.starts_with("postgresql://");
}

Result<std::string> name_of_postgres(const std::string& url) {
  if (!is_postgres_url(url) || has_stray_at(url)) return fail(unreadable);
  // What it says of a bad address repeats the address.
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      PQconninfoParse(url.c_str(), nullptr));
  if (options == nullptr) return fail(unreadable);

  const auto value = [&](std::string_view keyword) { return value_of(options.get(), keyword); };
  std::string name = "postgresql://";
  if (const std::string user = value("user"); !user.empty()) name += user + "@";
  std::string host = value("host").empty() ? value("hostaddr") : value("host");
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  name += host;
  if (const std::string port = value("port"); !port.empty()) name += ":" + port;
  return name + "/" + value("dbname");
}

}  // namespace parley
