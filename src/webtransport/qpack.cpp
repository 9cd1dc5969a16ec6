#include "webtransport/qpack.h"

#include <nghttp3/nghttp3.h>

#include <algorithm>
#include <memory>

#include "base/check.h"

namespace parley {
namespace {

template <class Coder, void (*del)(Coder*)>
struct Deleter {
  void operator()(Coder* coder) const { del(coder); }
};
using Decoder = std::unique_ptr<nghttp3_qpack_decoder,
                                Deleter<nghttp3_qpack_decoder, nghttp3_qpack_decoder_del>>;
using Section =
    std::unique_ptr<nghttp3_qpack_stream_context,
                    Deleter<nghttp3_qpack_stream_context, nghttp3_qpack_stream_context_del>>;
using Encoder = std::unique_ptr<nghttp3_qpack_encoder,
                                Deleter<nghttp3_qpack_encoder, nghttp3_qpack_encoder_del>>;

const nghttp3_mem* memory() { return nghttp3_mem_default(); }

Decoder make_decoder() {
  nghttp3_qpack_decoder* decoder = nullptr;
  check(nghttp3_qpack_decoder_new(&decoder, 0, 0, memory()) == 0, "out of memory");
  return Decoder(decoder);
}

Section make_section() {
  nghttp3_qpack_stream_context* section = nullptr;
  check(nghttp3_qpack_stream_context_new(&section, 0, memory()) == 0, "out of memory");
  return Section(section);
}

Encoder make_encoder() {
  nghttp3_qpack_encoder* encoder = nullptr;
  check(nghttp3_qpack_encoder_new(&encoder, 0, memory()) == 0, "out of memory");
  return Encoder(encoder);
}

std::string take(nghttp3_rcbuf* buffer) {
  const nghttp3_vec bytes = nghttp3_rcbuf_get_buf(buffer);
  std::string text(reinterpret_cast<const char*>(bytes.base), bytes.len);
  nghttp3_rcbuf_decref(buffer);
  return text;
}

// One of the buffers that the encoder fills.
class Output {
 public:
  Output() { nghttp3_buf_init(&buffer_); }
  ~Output() { nghttp3_buf_free(&buffer_, memory()); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  nghttp3_buf* get() { return &buffer_; }
  [[nodiscard]] Bytes bytes() const { return {buffer_.pos, buffer_.last}; }

 private:
  nghttp3_buf buffer_;
};

std::uint8_t* bytes_of(const std::string& text) {
  // nghttp3 reads names and values through pointers that are not const.
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace

Result<std::vector<Http3Field>, QpackFailure> decode_fields(Bytes section) {
  const Decoder decoder = make_decoder();
  const Section context = make_section();
  std::vector<Http3Field> fields;
  std::size_t size = 0;
  while (true) {
    nghttp3_qpack_nv field;
    std::uint8_t flags = NGHTTP3_QPACK_DECODE_FLAG_NONE;
    const auto consumed = nghttp3_qpack_decoder_read_request(
        decoder.get(), context.get(), &field, &flags, section.data(), section.size(), 1);
    if (consumed == NGHTTP3_ERR_QPACK_HEADER_TOO_LARGE)
      return tl::unexpected(QpackFailure::too_large);
    if (consumed < 0) return tl::unexpected(QpackFailure::malformed);
    section = section.subspan(static_cast<std::size_t>(consumed));

    if ((flags & NGHTTP3_QPACK_DECODE_FLAG_BLOCKED) != 0)
      return tl::unexpected(QpackFailure::malformed);
    if ((flags & NGHTTP3_QPACK_DECODE_FLAG_EMIT) != 0) {
      std::string name = take(field.name);
      std::string value = take(field.value);
      size += name.size() + value.size();
      if (fields.size() == fields_max || size > fields_bytes_max)
        return tl::unexpected(QpackFailure::too_large);
      fields.emplace_back(std::move(name), std::move(value));
    }
    if ((flags & NGHTTP3_QPACK_DECODE_FLAG_FINAL) != 0) return fields;
    if ((flags & NGHTTP3_QPACK_DECODE_FLAG_EMIT) == 0 && consumed == 0)
      return tl::unexpected(QpackFailure::malformed);
  }
}

std::vector<std::uint8_t> encode_fields(std::span<const Http3Field> fields) {
  std::vector<nghttp3_nv> views;
  views.reserve(fields.size());
  for (const auto& [name, value] : fields)
    views.push_back({.name = bytes_of(name),
                     .value = bytes_of(value),
                     .namelen = name.size(),
                     .valuelen = value.size(),
                     .flags = NGHTTP3_NV_FLAG_NONE});

  const Encoder encoder = make_encoder();
  Output prefix;
  Output section;
  Output instructions;
  check(nghttp3_qpack_encoder_encode(encoder.get(), prefix.get(), section.get(), instructions.get(),
                                     0, views.data(), views.size()) == 0,
        "a response's fields cannot be encoded");
  check(instructions.bytes().empty(), "fields were inserted into a table that has no room");

  std::vector<std::uint8_t> payload(prefix.bytes().begin(), prefix.bytes().end());
  payload.insert(payload.end(), section.bytes().begin(), section.bytes().end());
  return payload;
}

bool is_legal_encoder_stream(Bytes piece) {
  constexpr std::uint8_t set_capacity_0 = 0x20;
  return std::ranges::all_of(piece, [](std::uint8_t byte) { return byte == set_capacity_0; });
}

bool QpackDecoderStream::feed(Bytes piece) {
  constexpr std::uint8_t number_bytes_most = 10;  // more than any stream id takes
  for (const std::uint8_t byte : piece) {
    if (number_bytes_ == 0) {
      if ((byte & 0xc0) != 0x40) return false;
      if ((byte & 0x3f) == 0x3f) number_bytes_ = 1;
    } else if ((byte & 0x80) == 0) {
      number_bytes_ = 0;
    } else if (++number_bytes_ > number_bytes_most) {
      return false;
    }
  }
  return true;
}

}  // namespace parley
