#pragma once
// Ports as the doctor sees them: free, taken, by whom, and what UDP sockets are granted.

#include "server/doctor.h"

namespace parley {

/// Fills in what it is with port.host and port.port, by listening there for a moment. A name is
/// looked up; who has a taken port is found out if this user may know it.
void probe_port(PortFacts& port);

/// What the kernel grants a socket that asks for `asked` bytes each way.
[[nodiscard]] UdpBufferFacts probe_udp_buffers(std::size_t asked);

/// How many descriptors a process may have at most; those of this one when its are not to be known.
[[nodiscard]] std::uint64_t descriptors_max_of(const Holder& process);
/// Those of this process, and so of a server that is started like it.
[[nodiscard]] std::uint64_t descriptors_max_here();

}  // namespace parley
