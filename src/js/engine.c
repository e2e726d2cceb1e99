// QuickJS-NG, unmodified, with what a runtime that is shared by suspended contexts needs to reach inside (engine.h).
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Regular expressions are compiled once a thread, not by each user again.
#include "js/engine.h"
#include "js/engine_words.inc"
#include "libregexp.h"
static uint8_t *bia_js_compile_regexp(int *code_bytes, char *message, int message_bytes, const char *pattern, size_t bytes, int flags, void *ctx) {
  const void *kept = bia_js_find_regexp(pattern, bytes, flags, code_bytes);
  if (!kept) {
    uint8_t *code = lre_compile(code_bytes, message, message_bytes, pattern, bytes, flags, ctx);
    if (code) bia_js_keep_regexp(pattern, bytes, flags, code, *code_bytes);
    return code;
  }
  uint8_t *code = js_malloc(ctx, *code_bytes);
  if (code) memcpy(code, kept, *code_bytes);
  else snprintf(message, message_bytes, "out of memory");
  return code;
}

// QuickJS makes a closure's properties one by one, each time through a shape that is then forgotten; ours takes the shape of the last one. The
// macro tells the definition (its first argument begins with JSContext) from the calls (ctx).
struct JSVarRef;
struct JSStackFrame;
static JSValue bia_js_closure(JSContext *ctx, JSValue code, struct JSVarRef **outer, struct JSStackFrame *frame);
#define js_closure(context, code, outer, frame) BIA_CLOSURE_##context, code, outer, frame)
#define BIA_CLOSURE_JSContext bia_js_slow_closure(JSContext
#define BIA_CLOSURE_ctx bia_js_closure(ctx

// The same for add_property.
struct JSProperty;
struct JSObject;
static struct JSProperty *bia_js_add_property(JSContext *ctx, struct JSObject *p, JSAtom name, int flags);
#define add_property(context, p, name, flags) BIA_PROPERTY_##context, p, name, flags)
#define BIA_PROPERTY_JSContext bia_js_slow_add_property(JSContext
#define BIA_PROPERTY_ctx bia_js_add_property(ctx

// And for JS_DefinePropertyValue, which asks much before it adds a property to an ordinary object.
static int bia_js_define_value(JSContext *ctx, JSValueConst object, JSAtom name, JSValue value, int flags);
#define JS_DefinePropertyValue(context, object, name, value, flags) BIA_DEFINE_##context, object, name, value, flags)
#define BIA_DEFINE_JSContext bia_js_slow_define_value(JSContext
#define BIA_DEFINE_ctx bia_js_define_value(ctx

// And Date's functions of texts (engine_dates.inc); their table names them without an argument.
static JSValue get_date_string(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv, int magic);
#define get_date_string(context, self, argc, argv, magic) BIA_DATE_##context, self, argc, argv, magic)
#define BIA_DATE_JSContext bia_js_slow_date_string(JSContext
#define BIA_DATE_ctx get_date_string(ctx

// The C library's root is off by one in the last digit; a step of Newton's method in a longer type is not.
static double bia_js_cbrt(double x) {
  long double root = cbrt(x);
  if (root == 0 || !isfinite(root)) return (double)root;
  return (double)(root - (root * root * root - x) / (3 * root * root));
}
#define cbrt bia_js_cbrt

#define vsnprintf bia_js_vsnprintf
#define lre_compile bia_js_compile_regexp
#include "quickjs.c"
#undef cbrt
#undef get_date_string
#undef lre_compile
#undef vsnprintf
#undef js_closure
#undef add_property
#undef JS_DefinePropertyValue
#undef JS_ThrowTypeErrorNotAFunction
#undef check_function
#undef JS_ThrowTypeErrorReadOnly
#undef JS_ThrowTypeErrorAtom
#undef JS_ThrowError
#undef JS_Throw
#undef js_json_parse
#include "js/engine_dates.inc"
#include "js/engine_errors.inc"

// Prototypes and functions that have got many properties are one of their kind: no other object will have their shape, and looking for one and
// entering each step of theirs among the shapes is done for nothing.
static JSProperty *bia_js_add_property(JSContext *ctx, JSObject *p, JSAtom name, int flags) {
  enum { kFew = 16 };
  JSShape *sh = p->shape;
  if (sh->prop_count >= kFew && sh->is_hashed && (p->is_prototype || p->class_id == JS_CLASS_BYTECODE_FUNCTION) && JS_REF_COUNT(sh) == 1) {
    js_shape_hash_unlink(ctx->rt, sh);
    sh->is_hashed = false;
  }
  return bia_js_slow_add_property(ctx, p, name, flags);
}

static int bia_js_define_value(JSContext *ctx, JSValueConst object, JSAtom name, JSValue value, int flags) {
  JSProperty *pr;
  JSObject *p = JS_VALUE_GET_TAG(object) == JS_TAG_OBJECT ? JS_VALUE_GET_OBJ(object) : NULL;
  if (!p || p->is_exotic || !p->extensible || find_own_property(&pr, p, name)) return bia_js_slow_define_value(ctx, object, name, value, flags);
  pr = bia_js_add_property(ctx, p, name, flags & JS_PROP_C_W_E);
  if (!pr) {
    JS_FreeValue(ctx, value);
    return -1;
  }
  pr->u.value = value;
  return true;
}

int JS_DefinePropertyValue(JSContext *ctx, JSValueConst object, JSAtom name, JSValue value, int flags) { return bia_js_define_value(ctx, object, name, value, flags); }

// The properties of a function that is neither generator nor async, in the order of js_closure.
static const struct {
  JSAtom name;
  int flags;
} kFunctionProperties[] = {{JS_ATOM_length, JS_PROP_CONFIGURABLE}, {JS_ATOM_name, JS_PROP_CONFIGURABLE}, {JS_ATOM_prototype, JS_PROP_WRITABLE | JS_PROP_AUTOINIT}};

// The shape with the first `count` of them, NULL where no object has it.
static JSShape *find_function_shape(JSRuntime *rt, JSObject *proto, int count) {
  uint32_t hash = shape_initial_hash(proto);
  for (int i = 0; i < count; i++) hash = shape_hash(shape_hash(hash, kFunctionProperties[i].name), kFunctionProperties[i].flags);
  for (JSShape *sh = rt->shape_hash[get_shape_hash(hash, rt->shape_hash_bits)]; sh; sh = sh->shape_hash_next) {
    if (sh->hash != hash || sh->proto != proto || sh->prop_count != count) continue;
    int i = 0;
    const JSShapeProperty *has = get_shape_prop(sh);
    while (i < count && has[i].atom == kFunctionProperties[i].name && has[i].flags == kFunctionProperties[i].flags) i++;
    if (i == count) return sh;
  }
  return NULL;
}

// As js_closure.
static JSValue bia_js_closure(JSContext *ctx, JSValue code, JSVarRef **outer, JSStackFrame *frame) {
  JSFunctionBytecode *b = JS_VALUE_GET_PTR(code);
  if (b->func_kind != JS_FUNC_NORMAL) return bia_js_slow_closure(ctx, code, outer, frame);
  JSShape *sh = find_function_shape(ctx->rt, JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_BYTECODE_FUNCTION]), b->has_prototype ? 3 : 2);
  if (!sh) return bia_js_slow_closure(ctx, code, outer, frame);
  JSValue function = JS_NewObjectFromShape(ctx, js_dup_shape(sh), JS_CLASS_BYTECODE_FUNCTION, NULL);
  if (JS_IsException(function)) {
    JS_FreeValue(ctx, code);
    return function;
  }
  JSObject *p = JS_VALUE_GET_OBJ(function);
  p->prop[0].u.value = js_int32(b->defined_arg_count);
  p->prop[1].u.value = JS_AtomToString(ctx, b->func_name == JS_ATOM_NULL ? JS_ATOM_empty_string : b->func_name);
  if (b->has_prototype) {
    p->is_constructor = 1;
    p->prop[2].u.init.realm_and_id = (uintptr_t)JS_DupContext(ctx) | JS_AUTOINIT_ID_PROTOTYPE;
    p->prop[2].u.init.opaque = NULL;
  }
  return js_closure2(ctx, function, b, outer, frame);
}

// What a user's turn has to exchange is written down below, and was checked against these structures. Another version of QuickJS that fails here:
// read what is new in them, then what `bia_js_save` and `bia_js_swap_contexts` have to do about it, and write down the new sizes.
_Static_assert(sizeof(JSContext) == 592 && offsetof(JSContext, binary_object_count) == 40, "JSContext is not the one of the pinned QuickJS");
#ifdef ENABLE_DUMPS
_Static_assert(sizeof(JSRuntime) == 1496, "JSRuntime is not the one of the pinned QuickJS");
#else
_Static_assert(sizeof(JSRuntime) == 1480, "JSRuntime is not the one of the pinned QuickJS");
#endif
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
  state->in_stack_trace = rt->in_build_stack_trace;
  list_move(&rt->job_list, (struct list_head *)&state->jobs);
  rt->current_stack_frame = NULL;
  rt->current_exception = JS_UNINITIALIZED;
  rt->parent_promise = NULL;
  rt->in_build_stack_trace = false;
}

void bia_js_restore(JSRuntime *rt, BiaJsState *state) {
  rt->current_stack_frame = state->frame;
  rt->current_exception = state->exception;
  rt->parent_promise = state->parent_promise;
  rt->stack_top = state->stack_top;
  rt->stack_limit = state->stack_limit;
  rt->in_build_stack_trace = state->in_stack_trace;
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

// As JS_NewContextRaw, without its objects: those name the context that they are made in, which shall be the stage.
JSContext *bia_js_empty_context(JSRuntime *rt) {
  JSContext *ctx = js_mallocz_rt(rt, sizeof(JSContext));
  if (!ctx) return NULL;
  ctx->class_proto = js_malloc_rt(rt, sizeof(ctx->class_proto[0]) * rt->class_count);
  if (!ctx->class_proto) {
    js_free_rt(rt, ctx);
    return NULL;
  }
  for (int i = 0; i < rt->class_count; i++) ctx->class_proto[i] = JS_NULL;
  ctx->rt = rt;
  JS_REF_COUNT(ctx) = 1;
  add_gc_object(rt, &ctx->header, JS_GC_OBJ_TYPE_JS_CONTEXT);
  list_add_tail(&ctx->link, &rt->context_list);
  JSValue *const objects[] = {&ctx->function_proto, &ctx->function_ctor, &ctx->array_ctor, &ctx->regexp_ctor, &ctx->promise_ctor,
                              &ctx->error_ctor, &ctx->iterator_ctor, &ctx->iterator_ctor_getset, &ctx->iterator_proto,
                              &ctx->async_iterator_proto, &ctx->array_proto_values, &ctx->throw_type_error, &ctx->eval_obj,
                              &ctx->global_obj, &ctx->global_var_obj};
  for (size_t i = 0; i < countof(objects); i++) *objects[i] = JS_NULL;
  for (int i = 0; i < JS_NATIVE_ERROR_COUNT; i++) ctx->native_error_proto[i] = JS_NULL;
  ctx->error_back_trace = JS_UNDEFINED;
  ctx->error_prepare_stack = JS_UNDEFINED;
  ctx->error_stack_trace_limit = js_int32(10);
  init_list_head(&ctx->loaded_modules);
  ctx->random_state = js__gettimeofday_us();
  if (ctx->random_state == 0) ctx->random_state = 1;
  ctx->hash_seed = xorshift64star(&ctx->random_state);
  return ctx;
}

int bia_js_fill_context(JSContext *ctx) {
  return JS_AddIntrinsicBasicObjects(ctx) || JS_AddIntrinsicBaseObjects(ctx) || JS_AddIntrinsicDate(ctx) || JS_AddIntrinsicEval(ctx) ||
         JS_AddIntrinsicRegExp(ctx) || JS_AddIntrinsicJSON(ctx) || JS_AddIntrinsicProxy(ctx) || JS_AddIntrinsicMapSet(ctx) ||
         JS_AddIntrinsicTypedArrays(ctx) || JS_AddIntrinsicPromise(ctx);
}

// The first field after `header`, `rt` and `link`, which say which context it is; all from there on says whose it is.
enum { kContextIdentity = offsetof(JSContext, binary_object_count) };

static void relink_modules(JSContext *ctx, const JSContext *from) {
  struct list_head *head = &ctx->loaded_modules;
  if (head->next == &from->loaded_modules) {
    init_list_head(head);
  } else {
    head->next->prev = head;
    head->prev->next = head;
  }
}

void bia_js_swap_contexts(JSContext *a, JSContext *b) {
  char kept[sizeof(JSContext) - kContextIdentity];
  char *of_a = (char *)a + kContextIdentity, *of_b = (char *)b + kContextIdentity;
  memcpy(kept, of_a, sizeof(kept));
  memcpy(of_a, of_b, sizeof(kept));
  memcpy(of_b, kept, sizeof(kept));
  relink_modules(a, b);
  relink_modules(b, a);
}

void bia_js_collect_after(JSRuntime *rt, size_t bytes) { rt->malloc_gc_threshold = rt->malloc_state.malloc_size + bytes; }

size_t bia_js_heap_bytes(JSRuntime *rt) { return rt->malloc_state.malloc_size; }

int bia_js_is_shareable(JSValueConst function) {
  if (JS_VALUE_GET_TAG(function) != JS_TAG_FUNCTION_BYTECODE) return 0;
  JSFunctionBytecode *b = JS_VALUE_GET_PTR(function);
  for (int i = 0; i < b->cpool_count; i++) {
    int tag = JS_VALUE_GET_TAG(b->cpool[i]);
    if (tag == JS_TAG_OBJECT || (tag == JS_TAG_FUNCTION_BYTECODE && !bia_js_is_shareable(b->cpool[i]))) return 0;
  }
  return 1;
}

JSValue bia_js_exchange_function(JSModuleDef *m, JSValue function) {
  JSValue before = m->func_obj;
  m->func_obj = function;
  return before;
}

int bia_js_share_export(JSContext *ctx, JSModuleDef *m, JSValueConst object, JSAtom name) {
  JSObject *p = JS_VALUE_GET_OBJ(object);
  JSExportEntry *me = find_export_entry(ctx, m, name);
  JSProperty *pr;
  JSShapeProperty *prs = find_own_property(&pr, p, name);
  if (!me || !prs || (prs->flags & JS_PROP_TMASK) != JS_PROP_NORMAL) return -1;
  if (js_shape_prepare_update(ctx, p, &prs)) return -1;
  JSVarRef *shared = me->u.local.var_ref;
  set_value(ctx, shared->pvalue, pr->u.value);
  prs->flags |= JS_PROP_VARREF;
  JS_REF_COUNT(shared)++;
  pr->u.var_ref = shared;
  return 0;
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
