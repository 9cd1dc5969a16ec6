#include "bench/transport.h"

namespace parley::bench {

const char* name_of(Transport transport) {
  return transport == Transport::websocket ? "WebSocket" : "WebTransport";
}

const char* name_of(Transports transports) {
  switch (transports) {
    case Transports::websocket:
      return "websocket";
    case Transports::wss:
      return "wss";
    case Transports::webtransport:
      return "webtransport";
    case Transports::mixed:
      return "mixed";
  }
  return "";
}

std::optional<Transports> find_transports(std::string_view name) {
  for (const Transports one :
       {Transports::websocket, Transports::wss, Transports::webtransport, Transports::mixed})
    if (name == name_of(one)) return one;
  return {};
}

bool includes(Transports transports, Transport transport) {
  return transports == Transports::mixed ||
         (transports == Transports::webtransport) == (transport == Transport::webtransport);
}

Transport transport_of(Transports transports, std::size_t member, std::size_t senders,
                       std::size_t members) {
  if (transports != Transports::mixed)
    return transports == Transports::webtransport ? Transport::webtransport : Transport::websocket;
  const bool is_second = senders < members ? member >= senders : member % 2 == 1;
  return is_second ? Transport::webtransport : Transport::websocket;
}

}  // namespace parley::bench
