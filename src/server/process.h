#pragma once
// What every program of ours that runs until it is told to end does with its process.

#include <csignal>
#include <string>

#include "server/config.h"

namespace parley {

/// SIGINT and SIGTERM: the signals that end the process.
[[nodiscard]] sigset_t ending_signals();
/// Blocks `signals` in this thread and in all that it makes, so that one thread alone takes them,
/// and ignores SIGPIPE. Before any thread exists.
void block_signals(const sigset_t& signals);

/// What is freed of large chunks (packets of 128 KiB and more) goes back to the system at once
/// instead of leaving holes in the heap. Before any thread exists.
void give_memory_back();

void configure_log_from(const Config& config);

/// Writes `line` to the descriptor of server.ready_fd and closes it; nothing if that is -1.
void write_ready_line(int descriptor, const std::string& line);

}  // namespace parley
