// A small simulated relay, driven by bytes: whoever joins, resumes, sends, stalls and leaves in
// whatever order, every promise of chat/testing/simulation.h holds.
//
// Input: the number of shards, rooms and a seed of delays, then one byte (or two, for large
// numbers) for each decision.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "chat/testing/simulation.h"

namespace parley::simulated {
namespace {

class Script final : public Choices {
 public:
  explicit Script(Bytes bytes) : bytes_(bytes) {}

  std::uint32_t below(std::uint32_t limit) override {
    std::uint32_t number = next();
    if (limit > 256) number = number << 8 | next();
    return number % limit;
  }
  [[nodiscard]] bool exhausted() const override { return bytes_.empty(); }

 private:
  std::uint32_t next() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return byte;
  }

  Bytes bytes_;
};

void run(Bytes bytes) {
  Script script(bytes);
  Shape shape;
  shape.shards = static_cast<ShardIndex>(1 + script.below(3));
  shape.rooms = 1 + script.below(2);
  shape.seed = script.below(256);
  shape.steps = 1000;
  shape.open_max = 12;

  Simulation simulation(shape, script);
  simulation.run();

  for (const std::string& sentence : simulation.faults()) check(false, sentence.c_str());
}

}  // namespace
}  // namespace parley::simulated

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::simulated::run({data, size});
  return 0;
}
