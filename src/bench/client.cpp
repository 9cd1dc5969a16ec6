#include "bench/client.h"

#include "bench/ws_client.h"
#include "bench/wt_client.h"

namespace parley::bench {

std::unique_ptr<Client> make_client(Transport transport, std::uint32_t number, LoadLoop& loop,
                                    ClientListener& listener) {
  if (transport == Transport::websocket) return std::make_unique<WsClient>(number, loop, listener);
  return std::make_unique<WtClient>(number, loop, listener);
}

}  // namespace parley::bench
