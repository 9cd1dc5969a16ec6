// webtransport_server: the relay over WebTransport, in the place of the original server of this
// name.

#include "server/drop_in.h"

int main(int argc, char** argv) {
  return parley::run_drop_in(parley::Program::webtransport_server, argc, argv);
}
