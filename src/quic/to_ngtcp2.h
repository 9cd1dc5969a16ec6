#pragma once
// How ngtcp2 says what we say: times and addresses.

#include <ngtcp2/ngtcp2.h>

#include <chrono>

#include "base/time.h"
#include "quic/udp_address.h"

namespace parley {

/// Nanoseconds of the monotonic clock.
inline ngtcp2_tstamp timestamp(TimePoint time) {
  return static_cast<ngtcp2_tstamp>(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

inline ngtcp2_duration duration_of(Duration duration) {
  return static_cast<ngtcp2_duration>(std::chrono::nanoseconds(duration).count());
}

/// These point into what they are made of.
inline ngtcp2_addr to_ngtcp2(UdpAddress& address) { return {address.data(), address.length()}; }
inline ngtcp2_path to_ngtcp2(UdpPath& path) {
  return {to_ngtcp2(path.local), to_ngtcp2(path.remote), nullptr};
}

}  // namespace parley
