#include "server/doctor_ports.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "server/config_values.h"

namespace parley {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// Listens on one address for a moment, as a server does; 0, or the number of the error.
int try_to_listen(const addrinfo& address) {
  const Descriptor made(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, 0));
  if (made.number() < 0) return errno;
  const auto set = [&made](int level, int option, int value) {
    ::setsockopt(made.number(), level, option, &value, sizeof value);
  };
  const bool is_tcp = address.ai_socktype == SOCK_STREAM;
  if (is_tcp) set(SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.ai_family == AF_INET6) set(IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(made.number(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  return is_tcp && ::listen(made.number(), 1) != 0 ? errno : 0;
}

PortState state_of(int error) {
  if (error == 0) return PortState::free;
  if (error == EADDRINUSE) return PortState::taken;
  return error == EACCES ? PortState::forbidden : PortState::unusable;
}

/// The inode of the socket that one line of /proc/net/tcp or udp is about, if it waits on `port`
/// (proc(5)): "  0: 00000000:1F90 00000000:0000 0A … … … uid timeout inode …".
std::string inode_on(const std::string& line, std::uint16_t port, bool is_udp) {
  constexpr std::string_view listening = "0A";
  std::istringstream fields(line);
  std::string number, local, remote, state, skipped, inode;
  fields >> number >> local >> remote >> state;
  const auto colon = local.rfind(':');
  if (!fields || colon == std::string::npos || (!is_udp && state != listening)) return {};
  if (std::strtoul(local.c_str() + colon + 1, nullptr, 16) != port) return {};
  for (int i = 0; i < 5; ++i) fields >> skipped;  // queues, timer, retransmits, user, time-out
  fields >> inode;
  return inode;
}

std::vector<std::string> inodes_on(std::uint16_t port, bool is_udp) {
  std::vector<std::string> inodes;
  for (const char* const family : {"", "6"}) {
    std::ifstream table(std::string(is_udp ? "/proc/net/udp" : "/proc/net/tcp") + family);
    for (std::string line; std::getline(table, line);)
      if (std::string inode = inode_on(line, port, is_udp); !inode.empty())
        inodes.push_back(std::move(inode));
  }
  return inodes;
}

/// The name under which a process was started, without its folder.
std::string program_of(const fs::path& process) {
  std::ifstream in(process / "cmdline");
  std::string first;
  std::getline(in, first, '\0');
  return fs::path(first).filename().string();
}

bool holds(const fs::path& process, const std::vector<std::string>& inodes) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(process / "fd", error)) {
    const std::string target = fs::read_symlink(entry.path(), error).string();
    for (const std::string& inode : inodes)
      if (target == "socket:[" + inode + "]") return true;
  }
  return false;
}

std::optional<Holder> holder_of(std::uint16_t port, bool is_udp) {
  const auto inodes = inodes_on(port, is_udp);
  if (inodes.empty()) return std::nullopt;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const auto pid = parse_number(entry.path().filename().string());
    if (pid && holds(entry.path(), inodes))
      return Holder{static_cast<int>(*pid), program_of(entry.path())};
  }
  return std::nullopt;
}

std::size_t granted(int native, int option, std::size_t asked) {
  const int wanted = static_cast<int>(asked);
  ::setsockopt(native, SOL_SOCKET, option, &wanted, sizeof wanted);
  int given = 0;
  socklen_t length = sizeof given;
  if (::getsockopt(native, SOL_SOCKET, option, &given, &length) != 0) return 0;
  return static_cast<std::size_t>(given) / 2;  // the kernel answers with twice what it gives
}

}  // namespace

void probe_port(PortFacts& port) {
  addrinfo hints{};
  hints.ai_socktype = port.is_udp ? SOCK_DGRAM : SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure =
      ::getaddrinfo(port.host.c_str(), std::to_string(port.port).c_str(), &hints, &found);
  if (failure != 0) {
    port.state = PortState::unusable;
    port.why = ::gai_strerror(failure);
    return;
  }
  const int error = try_to_listen(*found);
  ::freeaddrinfo(found);
  port.state = state_of(error);
  if (port.state == PortState::taken) port.holder = holder_of(port.port, port.is_udp);
  if (port.state == PortState::unusable) port.why = std::strerror(error);
}

UdpBufferFacts probe_udp_buffers(std::size_t asked) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return {asked, granted(socket.number(), SO_RCVBUF, asked),
          granted(socket.number(), SO_SNDBUF, asked)};
}

std::uint64_t descriptors_max_of(const Holder& process) {
  std::ifstream limits("/proc/" + std::to_string(process.pid) + "/limits");
  constexpr std::string_view name = "Max open files";
  for (std::string line; std::getline(limits, line);) {
    if (!line.starts_with(name)) continue;
    std::istringstream numbers(line.substr(name.size()));
    std::uint64_t soft = 0;
    if (numbers >> soft) return soft;
  }
  return descriptors_max_here();
}

std::uint64_t descriptors_max_here() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace parley
