#include "server/config_file.h"

#include <toml++/toml.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "server/config_values.h"

namespace parley {
namespace {

constexpr std::size_t config_bytes_max = std::size_t{1024} * 1024;

/// Reads one file's tables into a Config; the first problem ends it.
class FileReader {
 public:
  FileReader(std::string name, Config& config, const std::function<void(std::string_view)>& on_set)
      : name_(std::move(name)), config_(config), on_set_(on_set) {}

  Result<void> read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string section(key.str());
      const toml::table* table = node.as_table();
      if (!is_section(section))
        return at(key.source().begin.line, unknown("section", section, section_names()));
      if (table == nullptr)
        return at(key.source().begin.line, in_quotes(section) + " is a section: write [" + section +
                                               "] with its settings below");
      if (auto read = read_section(section, *table); !read) return read;
    }
    return {};
  }

 private:
  Result<void> read_section(const std::string& section, const toml::table& table) {
    for (const auto& [key, node] : table) {
      const std::string name = section + "." + std::string(key.str());
      const auto line = key.source().begin.line;
      const Setting* setting = find_setting(name);
      if (setting == nullptr) return at(line, unknown("setting", name, setting_names()));
      const auto text = text_of(node);
      if (!text || !has_right_type(node, *setting))
        return at(line, name + " must be " + setting_allowed(*setting));
      if (const auto set = set_setting(config_, *setting, *text); !set)
        return at(line, name + " " + set.error().message);
      on_set_(setting->name);
    }
    return {};
  }

  [[nodiscard]] tl::unexpected<Error> at(toml::source_index line, const std::string& what) const {
    return fail(name_ + ":" + std::to_string(line) + ": " + what);
  }

  static std::string unknown(const std::string& kind, const std::string& name,
                             const std::vector<std::string>& known) {
    std::string sentence = "there is no " + kind + " " + in_quotes(name);
    if (const auto nearest = nearest_name(name, known))
      sentence += "; did you mean " + in_quotes(*nearest) + "?";
    return sentence;
  }

  static std::vector<std::string> setting_names() {
    std::vector<std::string> names;
    for (const auto& setting : settings()) names.emplace_back(setting.name);
    return names;
  }

  static std::vector<std::string> section_names() {
    std::vector<std::string> names;
    for (const auto& name : setting_names()) {
      const std::string section = name.substr(0, name.find('.'));
      if (names.empty() || names.back() != section) names.push_back(section);
    }
    return names;
  }

  static bool is_section(const std::string& name) {
    for (const auto& section : section_names())
      if (section == name) return true;
    return false;
  }

  static std::optional<std::string> text_of(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
    return std::nullopt;
  }

  // "8080" in quotes is no port, and host = 5 is no text; sizes may be bare numbers of bytes.
  static bool has_right_type(const toml::node& node, const Setting& setting) {
    const bool bare = setting_toml({}, setting).front() != '"';
    if (node.is_string()) return !bare;
    const bool is_size = std::holds_alternative<std::size_t& (*)(Config&)>(setting.place);
    return bare || (is_size && node.is_integer());
  }

  std::string name_;
  Config& config_;
  const std::function<void(std::string_view)>& on_set_;
};

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail("cannot read " + path + ": is it there, and may this user read it?");
  std::string text(bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.fail() && !in.eof())) return fail("cannot read " + path);
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > bytes_max)
    return fail(path + " is longer than " + format_size(static_cast<std::int64_t>(bytes_max)));
  return text;
}

Result<void> apply_config_text(std::string_view toml, const std::string& name, Config& config,
                               const std::function<void(std::string_view)>& on_set) {
  try {
    return FileReader(name, config, on_set).read(toml::parse(toml, name));
  } catch (const toml::parse_error& error) {
    return fail(name + ":" + std::to_string(error.source().begin.line) + ": " +
                std::string(error.description()));
  }
}

Result<void> apply_config_file(const std::string& path, Config& config,
                               const std::function<void(std::string_view)>& on_set) {
  const auto text = read_text_file(path, config_bytes_max);
  if (!text) return tl::unexpected(text.error());
  return apply_config_text(*text, path, config, on_set);
}

}  // namespace parley
