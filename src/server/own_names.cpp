#include "server/own_names.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <climits>

namespace parley {
namespace {

/// As text; empty for what is no address others could use.
std::string usable_address(const ifaddrs& interface) {
  const bool is_up = (interface.ifa_flags & IFF_UP) != 0 && interface.ifa_addr != nullptr;
  if (!is_up || (interface.ifa_flags & IFF_LOOPBACK) != 0) return {};
  const auto family = interface.ifa_addr->sa_family;
  if (family != AF_INET && family != AF_INET6) return {};
  const socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(interface.ifa_addr, length, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0)
    return {};
  std::string address = text.data();
  // A link-local address means nothing without the name of its interface.
  return address.find('%') == std::string::npos ? address : std::string();
}

/// Empty when it is none that a certificate could hold.
std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  const bool is_plain = std::ranges::all_of(std::string(name.data()), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.';
  });
  return is_plain ? name.data() : std::string();
}

}  // namespace

std::vector<std::string> interface_addresses() {
  std::vector<std::string> addresses;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return addresses;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next)
    if (std::string address = usable_address(*one); !address.empty())
      addresses.push_back(std::move(address));
  ::freeifaddrs(all);
  // People type the short ones.
  std::ranges::stable_sort(addresses, {}, [](const std::string& address) {
    return address.find(':') != std::string::npos;
  });
  return addresses;
}

std::vector<std::string> own_names(const std::string& host) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  const auto add = [&names](const std::string& name) {
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  if (!is_wildcard(host)) {
    add(host);
    return names;
  }
  add(host_name());
  for (const std::string& address : interface_addresses()) add(address);
  return names;
}

bool is_wildcard(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

}  // namespace parley
