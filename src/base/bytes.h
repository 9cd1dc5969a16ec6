#pragma once
// Bytes: a view of bytes owned by somebody else. Buffer: bytes that many may own and nobody
// changes.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace parley {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Shared, immutable bytes: one allocation holds the reference count and the bytes. Copying a
/// Buffer counts a reference; the bytes themselves may be read from any thread.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer& other) : block_(other.block_) {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Buffer(Buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Buffer() {
    if (block_ != nullptr && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
      std::free(block_);
  }

  static Buffer copy_of(Bytes bytes);

  [[nodiscard]] Bytes bytes() const {
    return block_ == nullptr ? Bytes{} : Bytes{block_->data(), block_->size};
  }
  [[nodiscard]] std::size_t size() const { return block_ == nullptr ? 0 : block_->size; }
  [[nodiscard]] bool empty() const { return size() == 0; }

 private:
  friend class BufferBuilder;
  struct Block {
    std::atomic<std::uint32_t> references;
    std::size_t size;
    std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  };
  explicit Buffer(Block* block) : block_(block) {}

  Block* block_ = nullptr;
};

/// A Buffer while it is being filled, by its only owner: a fixed capacity, and what has been
/// written so far. `finish()` makes it immutable without a copy.
class BufferBuilder {
 public:
  BufferBuilder() = default;
  explicit BufferBuilder(std::size_t capacity)
      : block_(static_cast<Buffer::Block*>(std::malloc(sizeof(Buffer::Block) + capacity))),
        capacity_(capacity) {
    check(block_ != nullptr, "out of memory");
    new (&block_->references) std::atomic<std::uint32_t>(1);
    block_->size = 0;
  }
  BufferBuilder(BufferBuilder&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  BufferBuilder& operator=(BufferBuilder&& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~BufferBuilder() { std::free(block_); }

  [[nodiscard]] std::size_t size() const { return block_ == nullptr ? 0 : block_->size; }
  [[nodiscard]] std::size_t room() const { return capacity_ - size(); }
  /// What has been written so far; may be changed in place (unmasking does).
  [[nodiscard]] MutableBytes written() {
    return block_ == nullptr ? MutableBytes{} : MutableBytes{block_->data(), block_->size};
  }

  /// Appends `count` bytes for the caller to fill. `count` must fit in room().
  MutableBytes extend(std::size_t count) {
    check(count <= room(), "a buffer is filled beyond its capacity");
    if (count == 0) return {};
    std::uint8_t* start = block_->data() + block_->size;
    block_->size += count;
    return {start, count};
  }

  /// Moves what is written to where at least `capacity` bytes have room.
  void grow_to(std::size_t capacity) {
    if (capacity <= size() + room()) return;
    BufferBuilder larger(capacity);
    larger.append(written());
    *this = std::move(larger);
  }

  void append(Bytes bytes) {
    if (!bytes.empty()) std::memcpy(extend(bytes.size()).data(), bytes.data(), bytes.size());
  }

  /// The finished Buffer; the builder is empty afterwards.
  [[nodiscard]] Buffer finish() {
    capacity_ = 0;
    return Buffer(std::exchange(block_, nullptr));
  }

 private:
  Buffer::Block* block_ = nullptr;
  std::size_t capacity_ = 0;
};

inline Buffer Buffer::copy_of(Bytes bytes) {
  BufferBuilder builder(bytes.size());
  builder.append(bytes);
  return builder.finish();
}

}  // namespace parley
