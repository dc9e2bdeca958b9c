// TensorFlow Lite for Microcontrollers as a C interface: each model with a resolver of just the operators that it has.

#include <cstddef>
#include <cstdint>
#include <new>

#include "tensorflow/lite/core/api/error_reporter.h"
#include "tensorflow/lite/micro/kernels/micro_ops.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {

// No texts: they would count as its size.
class Silent : public tflite::ErrorReporter {
 public:
  int Report(const char*, va_list) override { return 0; }
};

template <typename T>
class Lasting {
 public:
  void* place() { return bytes_; }
  T& get() { return *reinterpret_cast<T*>(bytes_); }

 private:
  alignas(T) unsigned char bytes_[sizeof(T)];
};

using Resolver = tflite::MicroMutableOpResolver<6>;
Lasting<Silent> reporter;
Lasting<Resolver> resolver;
Lasting<tflite::MicroInterpreter> interpreter;

}  // namespace

namespace micro = tflite::ops::micro;

// Versions as the reference models use them; kernels look at types, not at versions.
#define ADD(op, register) resolver.get().AddBuiltin(tflite::BuiltinOperator_##op, micro::register(), 0)

extern "C" {

// Begins a list of operators.
void tflm_begin() {
  new (reporter.place()) Silent();
  new (resolver.place()) Resolver(&reporter.get());
}
void tflm_add() { ADD(ADD, Register_ADD); }
void tflm_average_pool() { ADD(AVERAGE_POOL_2D, Register_AVERAGE_POOL_2D); }
void tflm_conv() { ADD(CONV_2D, Register_CONV_2D); }
void tflm_depthwise_conv() { ADD(DEPTHWISE_CONV_2D, Register_DEPTHWISE_CONV_2D); }
void tflm_fully_connected() { ADD(FULLY_CONNECTED, Register_FULLY_CONNECTED); }
void tflm_reshape() { ADD(RESHAPE, Register_RESHAPE); }
void tflm_softmax() { ADD(SOFTMAX, Register_SOFTMAX); }

// Prepares a model in an arena, aligned to 16 bytes; gives the bytes of it that are used, or 0.
size_t tflm_prepare(const uint8_t* model, uint8_t* arena, size_t size) {
  auto* made = new (interpreter.place())
      tflite::MicroInterpreter(tflite::GetModel(model), resolver.get(), arena, size, &reporter.get());
  return made->AllocateTensors() == kTfLiteOk ? made->arena_used_bytes() : 0;
}

int8_t* tflm_input(size_t* size) {
  TfLiteTensor* tensor = interpreter.get().input(0);
  *size = tensor->bytes;
  return tensor->data.int8;
}

const int8_t* tflm_output(size_t* size) {
  TfLiteTensor* tensor = interpreter.get().output(0);
  *size = tensor->bytes;
  return tensor->data.int8;
}

int tflm_invoke() { return interpreter.get().Invoke() == kTfLiteOk; }

// Nothing may be allocated, printed or ended.
void DebugLog(const char*) {}
void* _sbrk(ptrdiff_t) { return reinterpret_cast<void*>(-1); }
void _exit(int) {
  for (;;) {
  }
}
void abort() { _exit(1); }
void __cxa_pure_virtual() { _exit(1); }
}

void operator delete(void*) noexcept {}
void operator delete(void*, std::size_t) noexcept {}
