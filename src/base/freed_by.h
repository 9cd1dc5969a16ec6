#pragma once
// FreedBy: lets a std::unique_ptr own an object of a C library.

namespace parley {

/// The deleter that calls `free_it`, as in std::unique_ptr<BIO, FreedBy<BIO_free_all>>.
template <auto free_it>
struct FreedBy {
  template <class T>
  void operator()(T* object) const {
    free_it(object);
  }
};

}  // namespace parley
