// Configuration files: whatever comes, it is taken or refused with its line, and what was taken can
// be written and read again.

#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "server/config_file.h"
#include "server/config_values.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  const std::string_view text = as_text({data, size});

  Config config;
  const auto applied = apply_config_text(text, "fuzz.toml", config);
  if (!applied)
    check(applied.error().message.starts_with("fuzz.toml:"), "an error does not say where it is");

  for (const auto& setting : settings()) {
    Config again;
    const auto set = set_setting(again, setting, setting_text(config, setting));
    check(set && setting_text(again, setting) == setting_text(config, setting),
          "a setting cannot be read as it is written");
  }
  (void)parse_duration(text);
  (void)parse_size(text);
  return 0;
}
