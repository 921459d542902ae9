/* sys/qos.h - quality of service classes. Accepted wherever macOS takes one; without effect here.
 */
#ifndef SYS_QOS_H
#define SYS_QOS_H

typedef unsigned int qos_class_t;

enum {
    QOS_CLASS_USER_INTERACTIVE = 0x21,
    QOS_CLASS_USER_INITIATED = 0x19,
    QOS_CLASS_DEFAULT = 0x15,
    QOS_CLASS_UTILITY = 0x11,
    QOS_CLASS_BACKGROUND = 0x09,
    QOS_CLASS_UNSPECIFIED = 0x00,
};

#define QOS_MIN_RELATIVE_PRIORITY (-15)

#endif
