#pragma once
// ServerProcess: a relay started for one measurement, on its own processor, and ended with it.

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/cpu_set.h"

namespace parley::bench {

struct ServerOptions {
  /// The program; empty: this very executable.
  std::string program;
  int shards = 1;
  /// Takes WebTransport, too, with a certificate it makes for itself.
  bool takes_webtransport = false;
  /// Takes WebSocket over TLS only, with such a certificate.
  bool takes_wss = false;
  /// Further arguments for `serve`.
  std::vector<std::string> arguments;
  std::vector<int> cpus;
};

/// Where a server listens.
struct ReadyPorts {
  std::uint16_t http = 0;
  /// 0: it does not take WebTransport.
  std::uint16_t webtransport = 0;
};

/// The ports in the one line `{"http":PORT,"ops":PORT,"webtransport":PORT}` a server writes when it
/// is ready; older ones do not name the last.
Result<ReadyPorts> parse_ready_line(std::string_view line);

/// A child process `serve --port 0` on the loopback interface. The destructor ends it: SIGTERM, and
/// SIGKILL when it is still there after five seconds.
class ServerProcess {
 public:
  /// Waits up to ten seconds for the server to be ready.
  static Result<std::unique_ptr<ServerProcess>> start(const ServerOptions& options);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const ReadyPorts& ports() const { return ports_; }

 private:
  explicit ServerProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  ReadyPorts ports_;
};

}  // namespace parley::bench
