#pragma once
// Progress: one line on a terminal that says what the tool is doing; nothing anywhere else.

#include <string_view>

#include "base/time.h"

namespace parley::bench {

/// Writes to stderr when that is a terminal, at most four times a second.
class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Whether a line written now would be seen: ask before composing one.
  [[nodiscard]] bool is_due(TimePoint now) const { return is_terminal_ && now >= next_; }

  /// Replaces the line.
  void show(std::string_view line);

  /// Wipes the line, before something else is printed.
  void clear();

 private:
  bool is_terminal_;
  bool is_shown_ = false;
  TimePoint next_{};
};

}  // namespace parley::bench
