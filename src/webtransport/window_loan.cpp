#include "webtransport/window_loan.h"

#include <algorithm>

#include "wire/packet.h"

namespace parley {
namespace {

/// Its time begins when somebody with a clock looks: at once, that is.
constexpr TimePoint not_begun{};

}  // namespace

void WindowLoan::update(std::size_t unfinished_bytes) {
  if (unfinished_bytes > own_bytes) {
    // The own window stays free for what comes beside them.
    const std::size_t wanted =
        std::min((unfinished_bytes + step - 1) / step * step, packet_bytes_max);
    if (wanted <= room_.bytes()) return;
    // Who waits for others is not slow himself.
    deadline_ = never;
    if (room_.ask(wanted)) on_room();
  } else if (room_.bytes() > 0 || room_.waits()) {
    room_.give_back();
    quic_.widen(0);
    deadline_ = never;
  }
}

void WindowLoan::on_room() {
  quic_.widen(room_.bytes());
  deadline_ = not_begun;
  quic_.wake(Urgency::control);
}

bool WindowLoan::is_overdue(Now now) {
  if (now.monotonic < deadline_) return false;
  const bool has_begun = deadline_ != not_begun;
  deadline_ = now.monotonic + (has_begun ? budget_.extra_time() : budget_.time_for(room_.bytes()));
  return has_begun && budget_.is_short();
}

}  // namespace parley
