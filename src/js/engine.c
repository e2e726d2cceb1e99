// QuickJS-NG, unmodified, with what a runtime that is shared by suspended contexts needs to reach inside (engine.h).
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// The messages that k6's engine (goja) words differently and that scripts and logs show most. Both take the same arguments.
static const char *bia_js_message(const char *format) {
  static const char *const kWords[][2] = {
      {"cannot read property '%s' of null", "Cannot read property '%s' of null"},
      {"cannot read property '%s' of undefined", "Cannot read property '%s' of undefined"},
      {"cannot set property '%s' of null", "Cannot set property '%s' of null"},
      {"cannot set property '%s' of undefined", "Cannot set property '%s' of undefined"},
      {"not a function", "Object is not a function"},
      {"not a constructor", "Object is not a constructor"},
  };
  for (size_t i = 0; i < sizeof(kWords) / sizeof(kWords[0]); ++i) {
    if (strcmp(format, kWords[i][0]) == 0) return kWords[i][1];
  }
  return format;
}
#define vsnprintf(buffer, size, format, args) vsnprintf(buffer, size, bia_js_message(format), args)
#include "quickjs.c"
#undef vsnprintf

#include "js/engine.h"

_Static_assert(JS_CLASS_INIT_COUNT <= BIA_JS_CLASS_FIRST, "raise BIA_JS_CLASS_FIRST above QuickJS' own classes");
_Static_assert(sizeof(struct list_head) == sizeof(BiaJsList), "BiaJsList has the layout of list_head");

static void list_move(struct list_head *from, struct list_head *to) {
  init_list_head(to);
  if (list_empty(from)) return;
  to->next = from->next;
  to->prev = from->prev;
  to->next->prev = to;
  to->prev->next = to;
  init_list_head(from);
}

void bia_js_state_init(BiaJsState *state) {
  memset(state, 0, sizeof(*state));
  state->exception = JS_UNINITIALIZED;
  init_list_head((struct list_head *)&state->jobs);
}

void bia_js_save(JSRuntime *rt, BiaJsState *state) {
  state->frame = rt->current_stack_frame;
  state->exception = rt->current_exception;
  state->parent_promise = rt->parent_promise;
  state->stack_top = rt->stack_top;
  state->stack_limit = rt->stack_limit;
  list_move(&rt->job_list, (struct list_head *)&state->jobs);
  rt->current_stack_frame = NULL;
  rt->current_exception = JS_UNINITIALIZED;
  rt->parent_promise = NULL;
}

void bia_js_restore(JSRuntime *rt, BiaJsState *state) {
  rt->current_stack_frame = state->frame;
  rt->current_exception = state->exception;
  rt->parent_promise = state->parent_promise;
  rt->stack_top = state->stack_top;
  rt->stack_limit = state->stack_limit;
  list_move((struct list_head *)&state->jobs, &rt->job_list);
  state->exception = JS_UNINITIALIZED;
}

void bia_js_set_stack(JSRuntime *rt, size_t bytes) {
  rt->stack_size = bytes;
  rt->stack_top = js_get_stack_pointer();
  update_stack_limit(rt);
}

void bia_js_drop_jobs(JSRuntime *rt) {
  struct list_head *entry, *next;
  list_for_each_safe(entry, next, &rt->job_list) {
    JSJobEntry *job = list_entry(entry, JSJobEntry, link);
    list_del(&job->link);
    for (int i = 0; i < job->argc; i++) JS_FreeValue(job->ctx, job->argv[i]);
    js_free(job->ctx, job);
  }
}

JSValue bia_js_error_stack(JSContext *ctx, JSValueConst error) { return js_error_get_stack(ctx, error); }

void bia_js_poll_soon(JSContext *ctx) { ctx->interrupt_counter = 1; }

JSContext *bia_js_new_context(JSRuntime *rt) {
  JSContext *ctx = JS_NewContextRaw(rt);
  if (!ctx) return NULL;
  if (JS_AddIntrinsicBaseObjects(ctx) || JS_AddIntrinsicDate(ctx) || JS_AddIntrinsicEval(ctx) || JS_AddIntrinsicRegExp(ctx) ||
      JS_AddIntrinsicJSON(ctx) || JS_AddIntrinsicProxy(ctx) || JS_AddIntrinsicMapSet(ctx) || JS_AddIntrinsicTypedArrays(ctx) ||
      JS_AddIntrinsicPromise(ctx) || JS_AddIntrinsicWeakRef(ctx)) {
    JS_FreeContext(ctx);
    return NULL;
  }
  return ctx;
}
