#pragma once
// How a function says that the world did not do what it asked.

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace parley {

/// What went wrong, in one sentence for the person who reads it.
struct Error {
  std::string message;
};

/// A value, or the reason why there is none. What is normal (a full queue, nothing to read) is an
/// enum instead, and what must not be is a check().
template <class T, class E = Error>
using Result = tl::expected<T, E>;

/// Makes the failed case of a Result: `return fail("port 8080 is in use");`
[[nodiscard]] inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace parley
