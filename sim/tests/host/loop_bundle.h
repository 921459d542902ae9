/* loop_bundle.h - more bundles with the driver Loop in them. */
#ifndef LOOP_BUNDLE_H
#define LOOP_BUNDLE_H

/* Makes the bundle `path`, whose executable is that of Loop. NULL `identifier`: it has none. */
void loop_bundle_make(const char *path, const char *identifier);
void loop_bundle_remove(const char *path);

#endif
