import dgram from 'node:dgram';

/** A UDP proxy that can swallow everything, as a firewall does. `leadTo(port)` says whereto. */
export async function layUdpLink() {
  const near = dgram.createSocket('udp4');
  const far = new Map(); // by the port of the client
  let target = null;
  let blocked = false;

  function farOf(client) {
    const known = far.get(client.port);
    if (known) return known;
    const socket = dgram.createSocket('udp4');
    far.set(client.port, socket);
    socket.on('message', (bytes) => blocked || near.send(bytes, client.port, client.address));
    // A relay that is away refuses, and that is all right.
    socket.on('error', () => {});
    return socket;
  }

  near.on('message', (bytes, client) => {
    if (!blocked && target) farOf(client).send(bytes, target, '127.0.0.1');
  });
  await new Promise((resolve) => near.bind(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${near.address().port}`,
    leadTo: (port) => void (target = port),
    block: () => void (blocked = true),
    heal: () => void (blocked = false),
    close() {
      near.close();
      for (const socket of far.values()) socket.close();
    },
  };
}
