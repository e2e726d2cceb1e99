#pragma once
// What engine.c adds to QuickJS: the state of the runtime that belongs to the user running, swapped
// when another user of the same runtime runs.
#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Class ids of ours are constants from here on, the same in every runtime: QuickJS' own allocation
/// counts per runtime and is not thread-safe.
#define BIA_JS_CLASS_FIRST 96

typedef struct BiaJsList {
  void *prev, *next;
} BiaJsList;

/// Address-stable while jobs are in it.
typedef struct BiaJsState {
  void* frame;
  JSValue exception;
  void* parent_promise;
  uintptr_t stack_top;
  uintptr_t stack_limit;
  BiaJsList jobs;
} BiaJsState;

void bia_js_state_init(BiaJsState* state);
/// Takes the state out of the runtime, which is then as if nothing ran.
void bia_js_save(JSRuntime* rt, BiaJsState* state);
void bia_js_restore(JSRuntime* rt, BiaJsState* state);
/// JavaScript may use so many bytes of stack below the caller's frame.
void bia_js_set_stack(JSRuntime* rt, size_t bytes);
/// Forgets promise reactions that have not run.
void bia_js_drop_jobs(JSRuntime* rt);
/// QuickJS' own text of an error's frames, whatever a script has made of `stack`; undefined for
/// what is no Error.
JSValue bia_js_error_stack(JSContext* ctx, JSValueConst error);
/// The interrupt handler is asked at the next check instead of after up to 10,000.
void bia_js_poll_soon(JSContext* ctx);
/// As JS_NewContext, without what k6 does not have: performance, atob, btoa.
JSContext* bia_js_new_context(JSRuntime* rt);

#ifdef __cplusplus
}
#endif
