#include "stats/family_text.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <utility>

#include "wire/utf8.h"

namespace parley {
namespace {

bool continues_a_letter(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

FamilyText::FamilyText(std::ostream& out, prometheus::MetricType type, std::string name,
                       std::string help)
    : out_(out), family_{std::move(name), std::move(help), type, {}} {}

FamilyText::~FamilyText() {
  if (!family_.metric.empty()) prometheus::TextSerializer().Serialize(out_, {std::move(family_)});
}

void FamilyText::put(double value, std::initializer_list<Label> labels) {
  prometheus::ClientMetric metric;
  metric.label.reserve(labels.size());
  for (const Label& label : labels)
    metric.label.push_back({std::string(label.name), std::string(label.value)});
  if (family_.type == prometheus::MetricType::Gauge)
    metric.gauge.value = value;
  else
    metric.counter.value = value;
  family_.metric.push_back(std::move(metric));
}

std::string label_value(std::string_view text) {
  if (text.empty()) return "unknown";
  if (text.size() > label_bytes_max) {
    std::size_t end = label_bytes_max;
    while (end > 0 && continues_a_letter(text[end])) --end;
    text = text.substr(0, end);
  }
  std::string value(text);
  if (!is_utf8(as_bytes(value)))
    std::ranges::replace_if(
        value, [](char c) { return static_cast<unsigned char>(c) > 0x7f; }, '?');
  return value;
}

}  // namespace parley
