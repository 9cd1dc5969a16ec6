#pragma once
// FamilyText: one family of series, built and written. For the .cpp files of this folder.

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>

namespace parley {

/// Writes its family when it goes; one without series is not written at all. Families are written
/// one after another, so that only one of them is ever in memory twice.
class FamilyText {
 public:
  struct Label {
    std::string_view name;
    std::string_view value;
  };

  FamilyText(std::ostream& out, prometheus::MetricType type, std::string name, std::string help);
  ~FamilyText();
  FamilyText(const FamilyText&) = delete;
  FamilyText& operator=(const FamilyText&) = delete;

  /// Adds one series. Nobody but the caller sees to it that no two have the same labels.
  void put(double value, std::initializer_list<Label> labels = {});

 private:
  std::ostream& out_;
  prometheus::MetricFamily family_;
};

/// The longest value of a label, in bytes.
inline constexpr std::size_t label_bytes_max = 255;

/// What a stranger says, as the value of a label: cut to label_bytes_max, with `?` for each byte
/// above ASCII when it is not UTF-8, and "unknown" when it is empty.
[[nodiscard]] std::string label_value(std::string_view text);

}  // namespace parley
