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
  int in_stack_trace;  // a script's Error.prepareStackTrace runs
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
/// The same text of where the pending exception was thrown, as long as nothing else was; for values
/// that are no Error. Belongs to the caller.
JSValue bia_js_take_throw_place(JSContext* ctx);
/// As JS_Throw of what was just caught: the place stays where it was thrown first.
JSValue bia_js_throw_again(JSContext* ctx, JSValue value);
/// Of runtime.cc, called where JSON.parse finds no JSON: what the message shall be; undefined to
/// leave it.
JSValue bia_js_json_words(JSContext* ctx, const char* text, size_t bytes);

// The users of a runtime share one context, the stage, in which each has its own objects in turn:
// functions name the context that they run in, and only so can users share compiled functions.

/// A context without any object: a stage, or where a user's part of it is kept meanwhile.
JSContext* bia_js_empty_context(JSRuntime* rt);
/// As JS_NewContext, without what k6 does not have: performance, atob, btoa, WeakRef. Not 0 where
/// memory is out.
int bia_js_fill_context(JSContext* ctx);
/// Exchanges the global objects, prototypes, modules and so on of two contexts.
void bia_js_swap_contexts(JSContext* a, JSContext* b);
/// The next collection comes when the heap has grown by so much.
void bia_js_collect_after(JSRuntime* rt, size_t bytes);
size_t bia_js_heap_bytes(JSRuntime* rt);
/// True for a compiled function in which nothing belongs to one user: no template objects.
int bia_js_is_shareable(JSValueConst function);
/// Gives a module that is not linked yet the compiled function of its top level; returns the one
/// before. Both belong to the caller.
JSValue bia_js_exchange_function(JSModuleDef* module, JSValue function);

// Of regexp_cache.cc, called by QuickJS' compilation of a regular expression.

/// Null where this thread has not compiled it; else valid until the next call.
const void* bia_js_find_regexp(const char* pattern, size_t bytes, int flags, int* code_bytes);
void bia_js_keep_regexp(const char* pattern, size_t bytes, int flags, const void* code,
                        int code_bytes);

// Modules, for CommonJS beside ES modules (module_set.h).

/// True for a module whose source has import, export or top-level await.
int bia_js_is_esm(JSModuleDef* module);
/// Forgets a module that nothing refers to.
void bia_js_drop_module(JSContext* ctx, JSModuleDef* module);
/// As an import of `specifier` in `base` would: normalized, loaded, its own imports resolved.
JSModuleDef* bia_js_import(JSContext* ctx, const char* base, const char* specifier);
/// True while the module or one that it imports is being linked or evaluated.
int bia_js_is_busy(JSContext* ctx, JSModuleDef* module);
/// For each import below `root` from a module whose initialiser is `init`: declares the name there
/// if it is not yet. `all` is called where a script asks for all names (`import *`, `export *`) and
/// declares them itself; below 0 ends the walk with the exception pending.
int bia_js_declare_imports(JSContext* ctx, JSModuleDef* root, JSModuleInitFunc* init,
                           int (*all)(JSContext* ctx, JSModuleDef* module));
/// Declares an export of a C module unless there is one of that name.
int bia_js_declare_export(JSContext* ctx, JSModuleDef* module, const char* name);
/// From now on the property `name` of `object` is the C module's export of that name: what one is
/// set to, the other is too.
int bia_js_share_export(JSContext* ctx, JSModuleDef* module, JSValueConst object, JSAtom name);
/// The name of the C module's export number `i`, to be freed; JS_ATOM_NULL after the last.
JSAtom bia_js_export_name(JSContext* ctx, JSModuleDef* module, int i);
/// The file of the script function that called the native which runs, to be freed; JS_ATOM_NULL
/// where there is none.
JSAtom bia_js_caller_file(JSContext* ctx);

#ifdef __cplusplus
}
#endif
