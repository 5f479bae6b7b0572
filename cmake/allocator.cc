// How jemalloc works in the programs that are linked to kontiki_lib_jemalloc; it looks for this name (see
// jemalloc(3), TUNING). Batches are received into fresh memory all the time: with pages of 4 KiB, a third of
// a busy broker's time went into the kernel's giving them out one by one. Nothing is given back, which would
// take huge pages apart, until posix::SpareMemory says otherwise; threads of jemalloc's own do it then. Small
// things may be cut from any larger piece that is free, rather than from memory that is new.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always,background_thread:true,dirty_decay_ms:-1,lg_extent_max_active_fit:12";
}
