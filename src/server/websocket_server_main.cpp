// websocket_server: the relay over WebSocket, in the place of the original server of this name.

#include "server/drop_in.h"

int main(int argc, char** argv) {
  return parley::run_drop_in(parley::Program::websocket_server, argc, argv);
}
