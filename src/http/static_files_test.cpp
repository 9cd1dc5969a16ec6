#include "http/static_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

namespace parley {
namespace {

namespace fs = std::filesystem;

/// A folder that is gone with the test.
struct Folder {
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "parley-static-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  void put(const std::string& name, const std::string& text) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
  }
  fs::path path;
};

struct StaticFilesTest : testing::Test {
  [[nodiscard]] Result<StaticFiles> load(const StaticLimits& limits = {}) const {
    const std::array<StaticFolder, 1> folders{{{"/demo/", folder.path.string()}}};
    return StaticFiles::load(folders, limits);
  }

  static HttpRequest get(const std::string& target) {
    HttpRequest request;
    request.method = "GET";
    request.target = target;
    return request;
  }

  Folder folder;
};

TEST_F(StaticFilesTest, are_found_by_their_exact_path) {
  folder.put("index.html", "<p>hello");
  folder.put("sub/a.js", "1");
  const auto files = load().value();

  const auto page = files.find(get("/demo/?room=a"));
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(as_text(page->body.bytes()), "<p>hello");
  EXPECT_EQ(files.find(get("/demo/sub/a.js"))->content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(files.size(), 2u);
}

TEST_F(StaticFilesTest, are_all_there_is) {
  folder.put("index.html", "x");
  folder.put("notes.secret", "x");
  folder.put(".git/config.json", "x");
  folder.put("a b.js", "x");
  fs::create_symlink("/etc/passwd", folder.path / "link.html");
  const auto files = load().value();

  EXPECT_EQ(files.size(), 1u);
  for (const char* target :
       {"/demo/notes.secret", "/demo/link.html", "/demo/../demo/", "/demo/%2e%2e/", "/demo//",
        "/demo/.git/config.json", "//demo/", "/etc/passwd", "/demo/index.html/..", ""})
    EXPECT_FALSE(files.find(get(target)).has_value()) << target;
}

TEST_F(StaticFilesTest, send_a_folder_without_its_slash_to_the_folder) {
  folder.put("index.html", "x");
  const auto files = load().value();

  const auto answer = files.find(get("/demo?room=a"));

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 308);
  EXPECT_EQ(answer->fields.front().value, "/demo/?room=a");
}

TEST_F(StaticFilesTest, are_not_sent_twice) {
  folder.put("a.css", "x");
  const auto files = load().value();
  HttpRequest request = get("/demo/a.css");
  const auto first = files.find(request);
  std::string etag;
  for (const auto& field : first->fields)
    if (field.name == "ETag") etag = field.value;

  request.fields = {{"If-None-Match", "\"other\", " + etag}};
  EXPECT_EQ(files.find(request)->status, 304);
  EXPECT_TRUE(files.find(request)->body.empty());
  request.fields = {{"If-None-Match", "\"other\""}};
  EXPECT_EQ(files.find(request)->status, 200);
}

TEST_F(StaticFilesTest, are_bounded) {
  folder.put("a.js", "123456");
  folder.put("b.js", "123456");
  EXPECT_TRUE(load().has_value());
  EXPECT_FALSE(load({.files_max = 1}).has_value());
  EXPECT_FALSE(load({.bytes_max = 11}).has_value());
}

TEST_F(StaticFilesTest, name_a_folder_that_is_not_there) {
  const std::array<StaticFolder, 1> folders{{{"/", "/nowhere"}}};
  const auto files = StaticFiles::load(folders);
  ASSERT_FALSE(files.has_value());
  EXPECT_NE(files.error().message.find("/nowhere"), std::string::npos);
}

}  // namespace
}  // namespace parley
