#pragma once
// How people name a PostgreSQL database, and how it is named to people.

#include <string>
#include <string_view>

#include "base/result.h"

namespace parley {

/// `postgres://…` or `postgresql://…`?
[[nodiscard]] bool is_postgres_url(std::string_view url);

/// The database `url` means, without password or any other parameter:
/// `postgresql://alice@db.example:5432/meetings`. Fails, without repeating a word of it, when it
/// cannot be read, or when characters of a password would be taken for something else and so for
/// something that may be shown.
[[nodiscard]] Result<std::string> name_of_postgres(const std::string& url);

}  // namespace parley
