// A plugin into which Ruby was linked: all that can be seen of that from outside.
extern "C" {
extern const char ruby_version[];
const char ruby_version[] = "3.1.9";
}
