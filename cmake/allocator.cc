// How jemalloc works in the programs that are linked to kontiki_lib_jemalloc; it looks for this name (see
// jemalloc(3), TUNING). Batches are received into fresh memory all the time: with pages of 4 KiB, a third of
// a busy broker's time went into the kernel's giving them out one by one. Threads of jemalloc's own give back
// what nobody has used for ten seconds.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always,background_thread:true";
}
