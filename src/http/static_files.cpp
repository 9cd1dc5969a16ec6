#include "http/static_files.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

namespace parley {
namespace {

namespace fs = std::filesystem;

struct Type {
  std::string_view suffix;
  std::string_view content_type;
};

constexpr auto types = std::to_array<Type>({
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".d.ts", "text/plain; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
});

std::string_view type_of(std::string_view name) {
  const auto type = std::find_if(types.begin(), types.end(),
                                 [&](const Type& t) { return name.ends_with(t.suffix); });
  return type == types.end() ? std::string_view{} : type->content_type;
}

// Requests are looked up as they are sent, so only names that need no escape can be asked for.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

bool is_plain_path(const fs::path& relative) {
  return std::all_of(relative.begin(), relative.end(),
                     [](const fs::path& part) { return is_plain_name(part.string()); });
}

// A validator that changes with the content: twelve bytes of its SHA-256.
std::string etag_of(Bytes bytes) {
  std::array<std::uint8_t, 32> hash{};
  if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
    return {};
  constexpr std::string_view digits = "0123456789abcdef";
  std::string tag = "\"";
  for (std::size_t i = 0; i < 12; ++i) {
    tag += digits[hash[i] >> 4];
    tag += digits[hash[i] & 15];
  }
  return tag + "\"";
}

Result<Buffer> read_file(const fs::path& path, std::size_t bytes_max) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return fail("cannot read " + path.string() + ": " + error.message());
  if (size > bytes_max)
    return fail("the files below " + path.parent_path().string() +
                " are more than the page may have");
  BufferBuilder builder(size);
  std::ifstream in(path, std::ios::binary);
  const MutableBytes space = builder.extend(size);
  if (!in.read(reinterpret_cast<char*>(space.data()), static_cast<std::streamsize>(size)))
    return fail("cannot read " + path.string());
  return builder.finish();
}

// Regular files of a known type below a folder, relative to it, in a fixed order. Links are not
// followed.
Result<std::vector<fs::path>> list_files(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  fs::recursive_directory_iterator walk(folder, error);
  if (error) return fail("cannot read the folder " + folder.string() + ": " + error.message());
  for (; walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    if (error) break;
    const fs::path relative = walk->path().lexically_relative(folder);
    const bool is_file = walk->symlink_status(error).type() == fs::file_type::regular;
    if (is_file && is_plain_path(relative) && !type_of(relative.string()).empty())
      files.push_back(relative);
  }
  if (error) return fail("cannot read the folder " + folder.string() + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

bool matches(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

}  // namespace

Result<StaticFiles> StaticFiles::load(std::span<const StaticFolder> folders,
                                      const StaticLimits& limits) {
  StaticFiles files;
  std::size_t bytes = 0;
  for (const auto& folder : folders) {
    const auto names = list_files(folder.directory);
    if (!names) return tl::unexpected(names.error());
    for (const auto& name : *names) {
      if (files.files_.size() == limits.files_max)
        return fail("there are more than " + std::to_string(limits.files_max) + " files below " +
                    folder.directory);
      auto body = read_file(fs::path(folder.directory) / name, limits.bytes_max - bytes);
      if (!body) return tl::unexpected(body.error());
      bytes += body->size();
      std::string url = folder.url_prefix + name.generic_string();
      // A folder's page answers at the folder's own path.
      if (name.filename() == "index.html") url.resize(url.size() - std::size("index.html") + 1);
      const std::string etag = etag_of(body->bytes());
      files.files_[url] = {std::string(type_of(name.string())), etag, std::move(*body)};
    }
  }
  return files;
}

std::optional<HttpResponse> StaticFiles::find(const HttpRequest& request) const {
  const std::string path(request.path());
  const auto found = files_.find(path);
  HttpResponse response;
  if (found == files_.end()) {
    if (path.empty() || path.ends_with('/') || !files_.contains(path + "/")) return std::nullopt;
    response = HttpResponse::text(308, "");
    const auto query = request.query();
    response.fields.push_back(
        {"Location", path + "/" + (query.empty() ? "" : "?" + std::string(query))});
    return response;
  }
  const File& file = found->second;
  response.content_type = file.content_type;
  response.fields = {
      {"Cache-Control", "no-cache"}, {"ETag", file.etag}, {"X-Content-Type-Options", "nosniff"}};
  if (!file.etag.empty() && matches(request.header("If-None-Match"), file.etag))
    response.status = 304;
  else
    response.body = file.body;
  return response;
}

}  // namespace parley
