#pragma once
// The configuration file: TOML, strictly read.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/config.h"

namespace parley {

/// Sets what `toml` says, and calls `on_set` with each setting's name. Unknown keys, wrong types
/// and values out of bounds fail with "name:line: …"; `name` is what messages call the file.
[[nodiscard]] Result<void> apply_config_text(
    std::string_view toml, const std::string& name, Config& config,
    const std::function<void(std::string_view)>& on_set = [](std::string_view) {});

/// The same for a file.
[[nodiscard]] Result<void> apply_config_file(
    const std::string& path, Config& config,
    const std::function<void(std::string_view)>& on_set = [](std::string_view) {});

/// A file, at most `bytes_max` long, as text.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max);

}  // namespace parley
