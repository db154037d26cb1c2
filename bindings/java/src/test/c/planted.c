/* A fault that the JVM's -Xcheck:jni must tell: a call with an exception pending. cargo xtask test fiji builds it. */
#include <jni.h>

JNIEXPORT void JNICALL Java_org_parfocal_PlantedFaultTest_plant(JNIEnv *env, jclass class) {
    (void)class;
    jclass type = (*env)->FindClass(env, "java/lang/IllegalStateException");
    (*env)->ThrowNew(env, type, "planted");
    (*env)->FindClass(env, "java/lang/String");
    (*env)->ExceptionClear(env);
}
