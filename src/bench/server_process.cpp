#include "bench/server_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <thread>

#include "bench/interrupt.h"

namespace parley::bench {
namespace {

constexpr auto ready_timeout = 10s;
constexpr auto end_timeout = 5s;

std::vector<std::string> command_line(const ServerOptions& options, const std::string& program,
                                      int ready_fd) {
  std::vector<std::string> words = {program,
                                    "serve",
                                    "--host",
                                    "127.0.0.1",
                                    "--port",
                                    "0",
                                    "--server.shards",
                                    std::to_string(options.shards),
                                    "--server.ready_fd",
                                    std::to_string(ready_fd),
                                    "--ops.port",
                                    "0",
                                    "--log.level",
                                    "warning"};
  if (options.takes_webtransport)
    words.insert(words.end(), {"--webtransport.enabled", "true", "--webtransport.port", "0"});
  if (options.takes_wss) words.insert(words.end(), {"--tls.tcp", "true"});
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  return words;
}

/// In the child, between fork and exec: only async-signal-safe calls.
[[noreturn]] void become_server(const cpu_set_t& cpus, const std::vector<char*>& words,
                                pid_t parent) {
  bind_to(cpus);
  // The server must not outlive the tool, however that ends.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  // Ctrl-C is for the tool, which ends the server after its report.
  ::setpgid(0, 0);
  ::execv(words.front(), words.data());
  ::_exit(127);
}

/// Reads up to a line feed; what came, or why it did not.
Result<std::string> read_line(int fd) {
  const TimePoint deadline = monotonic_now() + ready_timeout;
  std::string line;
  while (monotonic_now() < deadline && !interrupted()) {
    pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, 100) <= 0) continue;
    std::array<char, 256> part{};
    const ssize_t count = ::read(fd, part.data(), part.size());
    if (count == 0) return fail("the server ended before it was ready");
    if (count > 0) line.append(part.data(), static_cast<std::size_t>(count));
    if (const std::size_t end = line.find('\n'); end != std::string::npos)
      return line.substr(0, end);
  }
  return fail(interrupted() ? "interrupted" : "the server was not ready within ten seconds");
}

/// The number behind `key`; 0 without one.
std::uint16_t port_after(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return 0;
  std::string_view rest = line.substr(at + key.size());
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
  return error == std::errc{} ? port : std::uint16_t{0};
}

}  // namespace

Result<ReadyPorts> parse_ready_line(std::string_view line) {
  if (line.find("\"http\":") == std::string_view::npos)
    return fail(fmt::format("not a ready line: \"{}\"", line));
  const ReadyPorts ports = {.http = port_after(line, "\"http\":"),
                            .webtransport = port_after(line, "\"webtransport\":")};
  if (ports.http == 0) return fail(fmt::format("no port in \"{}\"", line));
  return ports;
}

Result<std::unique_ptr<ServerProcess>> ServerProcess::start(const ServerOptions& options) {
  std::array<int, 2> ready{};
  if (::pipe2(ready.data(), O_CLOEXEC) != 0)
    return fail(fmt::format("pipe: {}", std::strerror(errno)));
  const std::string program = options.program.empty() ? "/proc/self/exe" : options.program;
  std::vector<std::string> words = command_line(options, program, ready[1]);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const cpu_set_t cpus = to_cpu_set(options.cpus);

  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::fcntl(ready[1], F_SETFD, 0);
    become_server(cpus, pointers, parent);
  }
  ::close(ready[1]);
  if (pid < 0) {
    ::close(ready[0]);
    return fail(fmt::format("cannot start a server: {}", std::strerror(errno)));
  }
  std::unique_ptr<ServerProcess> server(new ServerProcess(pid));
  const auto line = read_line(ready[0]);
  ::close(ready[0]);
  if (!line) return fail(line.error().message);
  const auto ports = parse_ready_line(*line);
  if (!ports) return fail(ports.error().message);
  server->ports_ = *ports;
  if (options.takes_webtransport && ports->webtransport == 0)
    return fail("the server was asked to take WebTransport and does not");
  return server;
}

ServerProcess::~ServerProcess() {
  ::kill(pid_, SIGTERM);
  const TimePoint deadline = monotonic_now() + end_timeout;
  while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (monotonic_now() > deadline) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      return;
    }
    std::this_thread::sleep_for(10ms);
  }
}

}  // namespace parley::bench
