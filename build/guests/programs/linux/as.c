// as.c: diptych-as UID PROGRAM [ARGUMENT...]: becomes that user (and the group of the same number) and runs the program.
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  unsigned id = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
  if (id == 0) return 2;
  if (setgroups(0, NULL) != 0 || setgid(id) != 0 || setuid(id) != 0) {
    perror("diptych-as");
    return 1;
  }
  execvp(argv[2], argv + 2);
  perror(argv[2]);
  return 127;
}
