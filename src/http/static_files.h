#pragma once
// StaticFiles: a few folders of a web page, read into memory once.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "base/result.h"
#include "http/http_types.h"

namespace parley {

/// Which folder appears under which path: {"/client/", "/usr/share/parley/client"}.
struct StaticFolder {
  std::string url_prefix;  ///< begins and ends with `/`
  std::string directory;
};

struct StaticLimits {
  std::size_t files_max = 2000;
  std::size_t bytes_max = std::size_t{64} * 1024 * 1024;
};

/// Answers from a table of exact paths made at the start, so no request can name a file that is not
/// in it. Only files whose type we know are in it.
class StaticFiles {
 public:
  StaticFiles() = default;

  [[nodiscard]] static Result<StaticFiles> load(std::span<const StaticFolder> folders,
                                                const StaticLimits& limits = {});

  /// The answer to a GET or HEAD for a file we have (200, 304, or a redirect from a folder's name
  /// to the folder); nothing where there is no file, whatever the method.
  [[nodiscard]] std::optional<HttpResponse> find(const HttpRequest& request) const;

  [[nodiscard]] std::size_t size() const { return files_.size(); }

 private:
  struct File {
    std::string content_type;
    std::string etag;
    Buffer body;
  };
  std::unordered_map<std::string, File> files_;
};

}  // namespace parley
