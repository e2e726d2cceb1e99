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
      {"empty array", "No initial value"},
      {"circular reference", "Converting circular structure to JSON"},
      {"invalid array length", "Invalid array length"},
      {"invalid repeat count", "Invalid count value"},
      {"cannot convert symbol to string", "Cannot convert a Symbol value to a string"},
      {"expecting hex digit", "Malformed URI"},
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

int bia_js_is_esm(JSModuleDef *m) {
  return m->has_tla || m->req_module_entries_count || m->export_entries_count || m->star_export_entries_count || m->import_entries_count;
}

void bia_js_drop_module(JSContext *ctx, JSModuleDef *m) { js_free_module_def(ctx, m); }

JSModuleDef *bia_js_import(JSContext *ctx, const char *base, const char *specifier) {
  JSModuleDef *m = js_host_resolve_imported_module(ctx, base, specifier, JS_UNDEFINED);
  if (m && js_resolve_module(ctx, m) < 0) return NULL;
  return m;
}

typedef struct {
  JSModuleDef **list;
  int count, size;
} BiaModules;

// Appends each module below once.
static int collect_modules(JSContext *ctx, JSModuleDef *m, BiaModules *out) {
  for (int i = 0; i < out->count; i++)
    if (out->list[i] == m) return 0;
  if (js_resize_array(ctx, (void **)&out->list, sizeof(out->list[0]), &out->size, out->count + 1)) return -1;
  out->list[out->count++] = m;
  for (int i = 0; i < m->req_module_entries_count; i++) {
    JSModuleDef *next = m->req_module_entries[i].module;
    if (next && collect_modules(ctx, next, out) < 0) return -1;
  }
  return 0;
}

int bia_js_is_busy(JSContext *ctx, JSModuleDef *module) {
  BiaModules all = {0};
  int busy = collect_modules(ctx, module, &all) < 0;
  for (int i = 0; i < all.count; i++) {
    JSModuleStatus status = all.list[i]->status;
    busy |= status == JS_MODULE_STATUS_LINKING || status == JS_MODULE_STATUS_EVALUATING;
  }
  js_free(ctx, all.list);
  return busy;
}

static int declare_atom(JSContext *ctx, JSModuleDef *m, JSAtom name) {
  for (int i = 0; i < m->export_entries_count; i++)
    if (m->export_entries[i].export_name == name) return 0;
  if (m->func_created) return 0;
  return add_export_entry2(ctx, NULL, m, JS_ATOM_NULL, name, JS_EXPORT_TYPE_LOCAL) ? 0 : -1;
}

int bia_js_declare_export(JSContext *ctx, JSModuleDef *m, const char *name) {
  JSAtom atom = JS_NewAtom(ctx, name);
  int result = atom == JS_ATOM_NULL ? -1 : declare_atom(ctx, m, atom);
  JS_FreeAtom(ctx, atom);
  return result;
}

static int declare_of(JSContext *ctx, JSModuleDef *m, JSModuleInitFunc *init, int (*all)(JSContext *, JSModuleDef *)) {
  for (int i = 0; i < m->import_entries_count; i++) {
    JSModuleDef *from = m->req_module_entries[m->import_entries[i].req_module_idx].module;
    if (!from || from->init_func != init) continue;
    JSAtom name = m->import_entries[i].import_name;
    if ((name == JS_ATOM__star_ ? all(ctx, from) : declare_atom(ctx, from, name)) < 0) return -1;
  }
  for (int i = 0; i < m->export_entries_count; i++) {
    JSExportEntry *e = &m->export_entries[i];
    if (e->export_type != JS_EXPORT_TYPE_INDIRECT) continue;
    JSModuleDef *from = m->req_module_entries[e->u.req_module_idx].module;
    if (!from || from->init_func != init) continue;
    if ((e->local_name == JS_ATOM__star_ ? all(ctx, from) : declare_atom(ctx, from, e->local_name)) < 0) return -1;
  }
  for (int i = 0; i < m->star_export_entries_count; i++) {
    JSModuleDef *from = m->req_module_entries[m->star_export_entries[i].req_module_idx].module;
    if (from && from->init_func == init && all(ctx, from) < 0) return -1;
  }
  return 0;
}

int bia_js_declare_imports(JSContext *ctx, JSModuleDef *root, JSModuleInitFunc *init, int (*all)(JSContext *, JSModuleDef *)) {
  BiaModules modules = {0};
  int result = collect_modules(ctx, root, &modules);
  for (int i = 0; i < modules.count && result == 0; i++) result = declare_of(ctx, modules.list[i], init, all);
  js_free(ctx, modules.list);
  return result;
}

JSAtom bia_js_export_name(JSContext *ctx, JSModuleDef *m, int i) {
  return i < m->export_entries_count ? JS_DupAtom(ctx, m->export_entries[i].export_name) : JS_ATOM_NULL;
}

JSAtom bia_js_caller_file(JSContext *ctx) {
  for (JSStackFrame *frame = ctx->rt->current_stack_frame; frame; frame = frame->prev_frame) {
    if (JS_VALUE_GET_TAG(frame->cur_func) != JS_TAG_OBJECT) continue;
    JSObject *p = JS_VALUE_GET_OBJ(frame->cur_func);
    if (js_class_has_bytecode(p->class_id)) return JS_DupAtom(ctx, p->u.func.function_bytecode->filename);
  }
  return JS_ATOM_NULL;
}
