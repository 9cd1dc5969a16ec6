#pragma once
// A drop-in server: one of the originals' names, driven by its environment.

#include "server/config.h"

namespace parley {

/// The whole of main(): the exit code.
int run_drop_in(Program program, int argc, char** argv);

}  // namespace parley
